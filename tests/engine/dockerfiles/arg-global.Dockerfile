#: uses node:22
ARG V=22
FROM node:$V
