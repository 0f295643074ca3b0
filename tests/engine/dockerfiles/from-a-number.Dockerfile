#: uses 0:latest debian:12
FROM debian:12 AS base
FROM 0
COPY --from=0 /bin/busybox /tool
