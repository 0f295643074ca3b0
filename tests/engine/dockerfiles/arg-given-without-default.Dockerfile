#: arg V=22
#: uses node:22
ARG V
FROM node:$V
