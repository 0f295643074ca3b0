#: uses debian:12 node:22
FROM node:22 AS tools
FROM debian:12 AS base
ONBUILD COPY --from=tools /bin/busybox /tool
FROM base
