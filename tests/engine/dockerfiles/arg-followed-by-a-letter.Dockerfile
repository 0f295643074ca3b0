#: uses node:22
ARG V=2 V2=20
FROM node:${V}2
