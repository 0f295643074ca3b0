#: uses node:22 rust:1.88
FROM node:22 AS Base
FROM rust:1.88 AS TOOLS
FROM base
COPY --from=Tools /bin/busybox /tool
