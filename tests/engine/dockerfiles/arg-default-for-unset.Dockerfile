#: uses node:22-slim
ARG X
FROM node:22${X--slim}
