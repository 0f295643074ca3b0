#: refused ARG names can not be blank
ARG V = 22
FROM node:$V
