#: platform linux/arm64
#: uses node:22-slim
FROM node:22${TARGETARCH:+-slim}
