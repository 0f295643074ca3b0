#: refused cannot copy from stage "1", it needs to be defined before current stage "first"
FROM debian:12 AS first
COPY --from=1 /bin/busybox /tool
FROM node:22
FROM first
