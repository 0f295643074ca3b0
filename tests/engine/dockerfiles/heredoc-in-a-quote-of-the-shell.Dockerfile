#: uses node:22
FROM debian:12 AS base
RUN echo $((1<<2))
FROM node:22
