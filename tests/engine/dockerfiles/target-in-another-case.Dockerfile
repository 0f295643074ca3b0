#: target TOOLS
#: uses rust:1.88
FROM rust:1.88 AS Tools
FROM node:22
