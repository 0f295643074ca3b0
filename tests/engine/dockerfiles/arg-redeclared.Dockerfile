#: uses node:22
ARG V=20
ARG V=22
FROM node:$V
