#: arg SLIM=yes
#: uses node:22-slim
ARG SLIM
FROM node:22${SLIM:+-slim}
