#: uses node:22-slim
ARG T=22-slim-bookworm
FROM node:${T%-*}
