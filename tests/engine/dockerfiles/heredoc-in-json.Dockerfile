#: uses node:22
FROM debian:12 AS base
RUN ["echo", "<<END"]
FROM node:22
