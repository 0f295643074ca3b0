#: uses debian:12 node:22 rust:1.88
FROM debian:12
RUN --network=none --mount=type=cache,target=/cache,from=rust:1.88 \
    --mount=type=bind,target=/node,from=node:22 \
    test -x /node/bin/busybox && test -x /cache/bin/busybox
