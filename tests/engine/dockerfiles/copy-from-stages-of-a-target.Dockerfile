#: target last
#: uses debian:12 node:22
FROM node:22 AS one
FROM rust:1.88 AS two
FROM debian:12 AS last
COPY --from=one /bin/busybox /tool
FROM two
COPY --from=last /bin/busybox /tool
