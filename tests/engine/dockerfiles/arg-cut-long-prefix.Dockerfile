#: uses debian:slim
ARG T=v-22-slim
FROM debian:${T##*-}
