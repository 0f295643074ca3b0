#: refused no build stage in current context
ENV V=22
FROM node:$V
