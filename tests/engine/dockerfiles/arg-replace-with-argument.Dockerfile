#: uses node:22-slim
ARG T=22-alpine FLAVOUR=slim
FROM node:${T/alpine/$FLAVOUR}
