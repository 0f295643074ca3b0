#: uses node:22
ARG ON=linux/amd64
FROM --platform=$ON node:22
