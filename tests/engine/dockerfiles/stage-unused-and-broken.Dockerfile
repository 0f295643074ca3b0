#: uses node:22
FROM rust:1.88 AS unused
COPY --from=debian:12 /nothing /
FROM node:22
