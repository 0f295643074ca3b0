#: refused invalid reference format
FROM node:22@
