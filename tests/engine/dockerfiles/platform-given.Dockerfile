#: platform linux/arm64
#: arg TARGETARCH=amd64
#: uses node:22-amd64
FROM node:22-$TARGETARCH
