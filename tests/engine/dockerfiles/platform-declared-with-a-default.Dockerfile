#: platform linux/arm64
#: uses node:22-amd64
ARG TARGETARCH=amd64
FROM node:22-$TARGETARCH
