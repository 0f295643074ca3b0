#: uses node:22
FROM node:22
LABEL a="FROM rust:1.88" \
FROM=rust
