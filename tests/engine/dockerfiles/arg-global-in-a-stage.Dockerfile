#: uses debian:12 node:22
ARG V=22
FROM node:$V AS tools
ARG V
ENV W=$V
FROM debian:12
COPY --from=tools /bin/busybox /bin/busybox-${W}$V
