#: refused secret mount should not have a from
#: unnoticed
FROM debian:12
RUN --network=none --mount=type=secret,from=node:22,id=a true
