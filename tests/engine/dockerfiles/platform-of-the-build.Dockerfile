#: platform linux/arm64
#: uses node:22 rust:1.88
FROM --platform=$BUILDPLATFORM rust:1.88 AS build
FROM node:22
COPY --from=build /bin/busybox /tool
