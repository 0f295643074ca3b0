#: uses node:22
ARG T=v22
FROM node:${T#?}
