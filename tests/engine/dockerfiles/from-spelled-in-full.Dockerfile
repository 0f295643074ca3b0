#: uses node:22 rust:1.88 team/tool:3
FROM docker.io/library/node:22
COPY --from=index.docker.io/team/tool:3 /bin/busybox /tool
COPY --from=library/rust:1.88 /bin/busybox /rust
