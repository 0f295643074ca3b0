#: refused invalid reference format
FROM node:22@sha256:abc
