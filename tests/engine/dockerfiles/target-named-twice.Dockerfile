#: target tools
#: uses node:22
FROM rust:1.88 AS tools
FROM node:22 AS tools
FROM debian:12
