#: arg V="22"
#: refused invalid reference format
ARG V
FROM node:$V
