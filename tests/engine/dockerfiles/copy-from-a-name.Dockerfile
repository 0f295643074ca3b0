#: uses debian:12 node:22
FROM rust:1.88 AS unused
FROM node:22 AS tools
FROM debian:12
COPY --link --chmod=755 --from=tools /bin/busybox /tool
