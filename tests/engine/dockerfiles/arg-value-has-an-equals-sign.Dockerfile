#: uses node:22
ARG X=a=22
FROM node:${X#a=}
