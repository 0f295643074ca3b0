#: platform linux/arm64
#: uses node:22-arm64
#: unresolved
ARG IMAGE=node:22-$TARGETARCH
FROM $IMAGE
