#: refused failed to parse stage name "node:22$"
FROM node:22$
