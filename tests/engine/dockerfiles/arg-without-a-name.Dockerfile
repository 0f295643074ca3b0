#: refused ARG names can not be blank
#: unnoticed
ARG =22
FROM node:22
