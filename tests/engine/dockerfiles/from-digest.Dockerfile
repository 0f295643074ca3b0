#: uses node:22@DIGEST
FROM node:22@DIGEST
