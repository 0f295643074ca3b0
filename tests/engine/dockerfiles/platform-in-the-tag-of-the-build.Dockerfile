#: platform linux/arm64
#: uses node:22-amd64
#: unresolved
FROM --platform=$BUILDPLATFORM node:22-${BUILDARCH}
