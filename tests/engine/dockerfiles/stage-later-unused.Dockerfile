#: target first
#: uses debian:12
FROM debian:12 AS first
FROM node:22
COPY --from=busybox /bin/busybox /tool
