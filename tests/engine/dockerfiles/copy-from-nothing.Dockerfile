#: uses debian:12
FROM debian:12
COPY --from= Dockerfile /
