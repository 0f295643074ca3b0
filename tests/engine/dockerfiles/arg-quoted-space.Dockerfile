#: uses node:22
ARG X="22 slim"
FROM node:${X%?slim}
