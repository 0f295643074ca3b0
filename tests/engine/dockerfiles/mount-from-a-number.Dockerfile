#: uses 0:latest debian:12
FROM node:22
FROM debian:12
RUN --network=none --mount=from=0,target=/node test -x /node/bin/busybox
