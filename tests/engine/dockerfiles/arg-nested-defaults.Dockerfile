#: uses node:22
ARG B=22
FROM node:${A:-${B:-20}}
