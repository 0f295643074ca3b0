#: refused isn't allowed as an ONBUILD trigger
#: unnoticed
FROM debian:12
ONBUILD FROM node:22
