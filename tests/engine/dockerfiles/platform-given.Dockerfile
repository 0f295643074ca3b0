#: platform linux/arm64
#: arg TARGETARCH=amd64
#: uses node:22-amd64
#: unresolved
FROM node:22-$TARGETARCH
