#: uses rust:1.88
FROM rust:1.88
FROM node:22
FROM scratch
COPY --from=0 /bin/busybox /tool
