#: refused FROM requires either one or three arguments
FROM node:22 --platform=linux/amd64
