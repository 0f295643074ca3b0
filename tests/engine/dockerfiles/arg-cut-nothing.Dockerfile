#: uses node:22
ARG T=22
FROM node:${T#v}
