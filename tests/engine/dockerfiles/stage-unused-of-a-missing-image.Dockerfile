#: uses debian:12
FROM node:not-there AS unused
FROM debian:12
