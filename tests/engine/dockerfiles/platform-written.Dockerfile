#: uses node:22 rust:1.88
FROM --platform=linux/arm64 rust:1.88 AS build
FROM --platform=linux/amd64 node:22
COPY --from=build /bin/busybox /tool
