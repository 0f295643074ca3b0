#: refused unsupported modifier
ARG V=22
FROM node:${V
