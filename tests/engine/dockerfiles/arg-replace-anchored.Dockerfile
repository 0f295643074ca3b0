#: uses node:22
ARG T=22%-slim
FROM node:${T/%-slim/}
