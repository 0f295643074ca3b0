#: refused invalid reference format
FROM node:$V
