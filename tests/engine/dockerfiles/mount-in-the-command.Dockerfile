#: uses debian:12
FROM debian:12
RUN --network=none echo --mount=from=node:22,target=/node
