#: uses node:22
ARG V=22
ARG V
FROM node:$V
