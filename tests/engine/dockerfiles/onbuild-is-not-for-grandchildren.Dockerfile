#: uses debian:12 node:22
FROM debian:12 AS base
ONBUILD COPY --from=node:22 /bin/busybox /tool
FROM base AS child
FROM child
COPY --from=child /tool /again
