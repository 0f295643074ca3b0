#: uses node:22
ARG MAJOR=22
ARG V="$MAJOR"
FROM "node:$V"
