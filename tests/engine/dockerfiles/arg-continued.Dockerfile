#: uses node:22-slim
ARG A=22 \
    # the flavour
    B=slim
FROM node:$A-$B
