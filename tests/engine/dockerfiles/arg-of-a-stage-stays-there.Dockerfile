#: uses node:22 rust:1.88
ARG V=22
FROM rust:1.88 AS tools
ARG V=20
FROM node:$V
COPY --from=tools /bin/busybox /tool
