#: arg REGISTRY=127.0.0.1:5000
#: uses 127.0.0.1:5000/team/app:1.2
ARG REGISTRY=docker.io
FROM ${REGISTRY}/team/app:1.2
