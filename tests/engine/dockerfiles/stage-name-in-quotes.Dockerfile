#: refused invalid name for build stage
FROM node:22 AS "base"
FROM base
