#: arg V=20
#: uses node:20
ARG V=22
FROM node:$V
