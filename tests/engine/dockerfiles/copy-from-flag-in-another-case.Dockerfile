#: refused unknown flag
#: unnoticed
FROM debian:12
COPY --FROM=node:22 /bin/busybox /tool
