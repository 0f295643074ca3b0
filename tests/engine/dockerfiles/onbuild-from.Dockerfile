#: refused isn't allowed as an ONBUILD trigger
FROM debian:12
ONBUILD FROM node:22
