#: form bare
#: uses node:22
FROM node:22
