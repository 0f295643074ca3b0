#: uses node:22
ARG X=
FROM node:${X:-22}
