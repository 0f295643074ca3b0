#: uses node:22
FROM debian:12 AS base
RUN --network=none echo "<<END"
FROM node:22
