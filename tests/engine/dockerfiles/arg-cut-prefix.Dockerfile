#: uses node:22-slim
ARG T=v-22-slim
FROM node:${T#*-}
