#: uses node:22
FROM node:22 AS scratch
FROM scratch
COPY Dockerfile /
