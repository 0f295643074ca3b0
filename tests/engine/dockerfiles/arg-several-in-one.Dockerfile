#: uses rust:1.88-slim-bookworm
ARG NAME=rust VERSION="1.88" FLAVOUR='slim-bookworm'
FROM $NAME:$VERSION-$FLAVOUR
