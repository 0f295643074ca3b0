#: uses node:22-slim
ARG V=22
ARG V=$V-slim
FROM node:$V
