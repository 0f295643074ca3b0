#: refused invalid name for build stage
ARG NAME=tools
FROM node:22 AS $NAME
FROM tools
