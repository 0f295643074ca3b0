#: arg KIND=slow
#: uses node:22
ARG KIND=fast
FROM rust:1.88 AS fast
FROM node:22 AS slow
FROM ${KIND}
