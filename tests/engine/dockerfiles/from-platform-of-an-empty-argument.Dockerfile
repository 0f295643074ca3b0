#: refused empty platform value from expression $P
#: unnoticed
ARG P
FROM --platform=$P node:22
