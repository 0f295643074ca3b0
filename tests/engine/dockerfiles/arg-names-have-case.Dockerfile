#: uses node:22
ARG v=20 V=22
FROM node:$V
