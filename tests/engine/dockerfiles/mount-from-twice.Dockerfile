#: uses debian:12 rust:1.88
FROM debian:12
RUN --network=none --mount=from=node:22,from=rust:1.88,target=/node test -x /node/bin/busybox
