#: uses debian:12
FROM debian:12
RUN --network=none --mount=from=,target=/node true
