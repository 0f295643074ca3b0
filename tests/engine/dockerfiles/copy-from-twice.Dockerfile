#: refused duplicate flag specified: --from
#: unnoticed
FROM debian:12
COPY --from=node:22 --from=rust:1.88 /bin/busybox /tool
