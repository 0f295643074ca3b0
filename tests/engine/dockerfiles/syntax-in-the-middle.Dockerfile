#: uses node:22
FROM node:22
# syntax=team/tool:3
COPY Dockerfile /
