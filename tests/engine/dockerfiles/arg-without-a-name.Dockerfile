#: refused ARG names can not be blank
ARG =22
FROM node:22
