#: uses node:latest
FROM node AS node
FROM node
