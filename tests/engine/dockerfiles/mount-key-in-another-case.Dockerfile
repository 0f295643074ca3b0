#: uses debian:12 node:22
FROM debian:12
RUN --network=none --mount=TYPE=bind,From=node:22,Target=/node test -x /node/bin/busybox
