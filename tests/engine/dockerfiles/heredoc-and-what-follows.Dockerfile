#: uses debian:12 node:22
FROM debian:12 AS base
RUN --network=none cat <<A <<B
FROM rust:1.88
A
FROM rust:1.88
B
FROM node:22
COPY --from=base /bin/busybox /tool
