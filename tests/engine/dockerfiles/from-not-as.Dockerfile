#: refused FROM requires either one or three arguments
FROM node:22 IS base
