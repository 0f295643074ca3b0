#: uses node:22
ARG T=[a-z]22
FROM node:${T#[a-z]}
