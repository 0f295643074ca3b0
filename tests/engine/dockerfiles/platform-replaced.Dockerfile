#: platform linux/arm64
#: uses node:22-slim
#: unresolved
FROM node:22${TARGETARCH:+-slim}
