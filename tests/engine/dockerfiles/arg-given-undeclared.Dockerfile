#: arg V=20
#: uses node:22
FROM node:${V:-22}
