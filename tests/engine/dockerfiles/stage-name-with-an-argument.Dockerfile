#: refused invalid name for build stage
#: unnoticed
ARG NAME=tools
FROM node:22 AS $NAME
FROM tools
