#: target 1
#: refused target stage "1" could not be found
#: unnoticed
FROM rust:1.88
FROM node:22
FROM debian:12
