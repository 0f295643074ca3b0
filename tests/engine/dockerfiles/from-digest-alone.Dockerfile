#: uses node@DIGEST
FROM node@DIGEST
