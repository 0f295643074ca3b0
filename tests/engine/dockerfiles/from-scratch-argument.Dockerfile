#: uses node:22
ARG BASE=scratch
FROM node:22 AS tools
FROM ${BASE}
COPY --from=tools /bin/busybox /tool
