#: uses debian:12 node:22
FROM debian:12 AS node
FROM node:22
COPY --from=node /bin/busybox /tool
