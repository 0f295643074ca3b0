#: refused unterminated heredoc
#: unnoticed
FROM debian:12
RUN <<END
FROM node:22
