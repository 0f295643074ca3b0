#: uses node:22-slim
ARG FLAVOUR=slim
FROM ${IMAGE:-node:${TAG:-22${FLAVOUR:+-${FLAVOUR}}}}
