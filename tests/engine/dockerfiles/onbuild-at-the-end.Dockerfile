#: uses debian:12
FROM debian:12
ONBUILD COPY --from=node:22 /bin/busybox /tool
