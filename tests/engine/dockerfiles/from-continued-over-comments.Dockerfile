#: uses node:22 rust:1.88
FROM \
# FROM node:20
  node:22 \

   # another
  AS base
FROM rust:1.88
COPY --from=base \
# --from=node:20
  /bin/busybox /tool
