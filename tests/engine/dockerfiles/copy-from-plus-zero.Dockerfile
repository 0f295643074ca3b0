#: uses debian:12 node:22
FROM node:22
FROM debian:12
COPY --from=+0 /bin/busybox /tool
