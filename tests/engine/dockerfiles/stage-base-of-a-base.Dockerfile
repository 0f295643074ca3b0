#: uses node:22 rust:1.88
FROM node:22 AS a
FROM a AS b
COPY --from=rust:1.88 /bin/busybox /tool
FROM b
