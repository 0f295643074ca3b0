#: refused invalid reference format
FROM node:22:23 AS unused
FROM debian:12
