#: refused invalid stage index 7
FROM debian:12
COPY --from=7 /bin/busybox /tool
