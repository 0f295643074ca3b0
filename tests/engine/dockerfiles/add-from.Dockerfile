#: refused unknown flag
#: unnoticed
FROM debian:12
ADD --from=node:22 /bin/busybox /tool
