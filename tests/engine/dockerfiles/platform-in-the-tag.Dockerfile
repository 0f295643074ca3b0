#: platform linux/arm64
#: uses node:22-arm64
#: unresolved
FROM node:22-$TARGETARCH
