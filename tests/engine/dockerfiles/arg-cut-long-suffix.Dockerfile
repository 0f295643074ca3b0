#: uses node:22
ARG T=22-slim-bookworm
FROM node:${T%%-*}
