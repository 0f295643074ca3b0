#: uses debian:12
FROM debian:12 AS node
FROM node
