#: refused unterminated heredoc
FROM debian:12
RUN <<END
FROM node:22
