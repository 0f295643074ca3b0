#: uses debian:12 node:22
FROM debian:12
RUN --mount=from=node:22,target=/node --network=none test -x /node/bin/busybox
