#: refused variable expansion is not supported for --from
ARG V=22
FROM debian:12
ARG V
COPY --from=node:$V /bin/busybox /tool
