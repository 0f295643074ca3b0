#: uses node:22
ARG V=22 # of the year
FROM node:$V
