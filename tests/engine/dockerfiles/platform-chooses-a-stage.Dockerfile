#: platform linux/arm64
#: uses rust:1.88
FROM node:22 AS on-amd64
FROM rust:1.88 AS on-arm64
FROM on-${TARGETARCH}
