#: refused empty platform value from expression $P
ARG P
FROM --platform=$P node:22
