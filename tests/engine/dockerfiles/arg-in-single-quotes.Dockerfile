#: refused failed to parse stage name "node:$V"
ARG V=22
FROM 'node:$V'
