#: uses node:22
#: unresolved
ARG SLIM
FROM node:22${SLIM+-slim}
