#: refused invalid name for build stage
#: unnoticed
FROM node:22 AS "base"
FROM base
