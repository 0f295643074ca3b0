#: refused no build stage in current context
#: unnoticed
RUN true
FROM node:22
