#: uses debian:12 node:22
FROM debian:12
RUN --network=none --mount=type=bind,"from=node:22",target=/node test -x /node/bin/busybox
