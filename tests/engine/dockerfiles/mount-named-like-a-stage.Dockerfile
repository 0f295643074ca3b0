#: uses debian:12 node:22
FROM node:22 AS Tools
FROM debian:12
RUN --network=none --mount=from=TOOLS,target=/node test -x /node/bin/busybox
