#: refused invalid name for build stage
#: unnoticed
FROM node:22 AS 0
