#: refused cannot copy from stage "busybox", it needs to be defined before current stage "first"
FROM debian:12 AS first
COPY --from=busybox /bin/busybox /tool
FROM node:22 AS busybox
FROM first
