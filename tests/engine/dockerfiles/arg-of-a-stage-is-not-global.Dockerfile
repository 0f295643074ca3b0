#: refused invalid reference format
FROM rust:1.88 AS tools
ARG V=22
FROM node:$V
