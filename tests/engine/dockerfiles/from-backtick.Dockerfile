# escape=`
#: uses node:22 rust:1.88
ARG V=`
22
FROM `
  node:$V `
  AS base
FROM rust:1.88
COPY --from=base /bin/busybox /tool\
