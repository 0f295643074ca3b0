#: uses node:22
FROM rust:1.88 AS unused
RUN false
FROM node:22
