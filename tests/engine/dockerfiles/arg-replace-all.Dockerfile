#: uses rust:1.88-slim-bookworm
ARG T=1.88_slim_bookworm
FROM rust:${T//_/-}
