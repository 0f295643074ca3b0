#: refused circular dependency
FROM node:22 AS a
COPY --from=a /bin/busybox /tool
