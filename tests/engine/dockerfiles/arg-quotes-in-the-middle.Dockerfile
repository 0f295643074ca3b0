#: uses node:22-slim
ARG V=2"2"-'sl'im
FROM node:$V
