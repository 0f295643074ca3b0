#: refused missing
ARG V
FROM node:${V:?missing}
