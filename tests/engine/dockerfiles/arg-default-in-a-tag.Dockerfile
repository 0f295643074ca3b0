#: uses node:22
FROM node:${V:-22}
