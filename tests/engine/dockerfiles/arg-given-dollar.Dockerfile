#: arg V=$MAJOR
#: refused invalid reference format
ARG MAJOR=22
ARG V
FROM node:$V
