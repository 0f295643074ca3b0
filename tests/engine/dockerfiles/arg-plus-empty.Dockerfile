#: uses node:22
ARG SLIM=
FROM node:22${SLIM:+-slim}
