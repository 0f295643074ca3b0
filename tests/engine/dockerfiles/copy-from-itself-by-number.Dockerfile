#: refused circular dependency detected
FROM node:22
FROM debian:12
COPY --from=1 /bin/busybox /tool
