#: uses node:22
ARG X=
FROM node:22${X--slim}
