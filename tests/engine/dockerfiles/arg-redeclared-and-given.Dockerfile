#: arg V=20
#: uses node:20
ARG V=22
ARG V=22-slim
FROM node:$V
