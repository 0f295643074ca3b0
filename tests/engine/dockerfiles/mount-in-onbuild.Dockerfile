#: uses debian:12 node:22
FROM debian:12 AS base
ONBUILD RUN --network=none --mount=from=node:22,target=/node test -x /node/bin/busybox
FROM base
