#: refused FROM requires either one or three arguments
ARG V=22
FROM node:${V:?which one}
