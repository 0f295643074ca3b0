#: uses node:22
FROM rust:1.88 AS a
FROM a AS b
COPY --from=debian:12 /bin/busybox /tool
FROM node:22
