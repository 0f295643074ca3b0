#: uses debian:12 node:22
FROM rust:1.88 AS unused
FROM node:22 AS tools
FROM debian:12
RUN --mount=type=bind,from=tools,source=/bin,target=/node --network=none test -x /node/busybox
