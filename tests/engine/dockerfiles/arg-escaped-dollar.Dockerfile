#: refused invalid reference format
ARG MAJOR=22
ARG V=\$MAJOR
FROM node:$V
