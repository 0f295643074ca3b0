#: refused FROM requires either one or three arguments
#: unnoticed
FROM node:22 base
