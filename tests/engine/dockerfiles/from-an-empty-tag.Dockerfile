#: refused invalid reference format
FROM node:
