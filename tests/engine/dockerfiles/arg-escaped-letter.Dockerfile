#: uses node:22
ARG V=2\2
FROM node:$V
