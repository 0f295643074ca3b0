#: arg NO_PROXY=20
#: uses node:22
FROM node:${NO_PROXY:-22}
