#: uses busybox:latest debian:12
FROM busybox AS first
FROM debian:12 AS busybox
COPY --from=first /bin/busybox /tool
