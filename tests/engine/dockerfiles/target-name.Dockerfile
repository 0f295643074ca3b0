#: target tools
#: uses rust:1.88
FROM rust:1.88 AS tools
FROM node:22
COPY --from=tools /bin/busybox /tool
