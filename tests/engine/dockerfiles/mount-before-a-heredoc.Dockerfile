#: uses debian:12 node:22
FROM debian:12
RUN --network=none --mount=from=node:22,target=/node <<END
test -x /node/bin/busybox
END
