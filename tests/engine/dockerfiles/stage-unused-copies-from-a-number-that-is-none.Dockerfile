#: refused invalid stage index 7
FROM node:22 AS unused
COPY --from=7 / /
FROM debian:12
