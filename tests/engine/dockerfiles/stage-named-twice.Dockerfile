#: uses rust:1.88
FROM node:22 AS tools
FROM rust:1.88 AS tools
FROM tools
