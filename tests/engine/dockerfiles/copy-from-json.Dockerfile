#: uses debian:12 node:22
FROM debian:12
COPY --from=node:22 ["/bin/busybox", "/tool"]
