#: refused 'from' doesn't support variable expansion
ARG V=22
FROM debian:12
ARG V
RUN --network=none --mount=from=node:$V,target=/node true
