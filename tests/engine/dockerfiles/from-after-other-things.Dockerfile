#: refused no build stage in current context
RUN true
FROM node:22
