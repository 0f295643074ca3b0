#: uses debian:12
FROM debian:12
RUN --network=none --mount=from=scratch,target=/node true
