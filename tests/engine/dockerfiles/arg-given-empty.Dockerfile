#: arg SUFFIX=
#: uses node:22
ARG SUFFIX=-slim
FROM node:22$SUFFIX
