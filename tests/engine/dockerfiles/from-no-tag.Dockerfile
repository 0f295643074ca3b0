#: uses node:latest
FROM node
