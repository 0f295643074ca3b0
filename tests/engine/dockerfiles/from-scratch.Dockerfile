#: uses nothing
FROM scratch
COPY Dockerfile /
