#: uses debian:12 node:22
FROM --platform=linux/arm64 node:22 AS tools
FROM debian:12
COPY --from=tools /bin/busybox /arm64
COPY --from=node:22 /bin/busybox /amd64
