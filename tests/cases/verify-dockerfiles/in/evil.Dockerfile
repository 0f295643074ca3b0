# syntax=docker/dockerfile:1
ARG PIN_WORDPRESS
ARG BASE=wordpress
FROM ${PIN_WORDPRESS:-wordpress} AS php
RUN echo $((1<<SHIFT))
ARG PIN_WORDPRESS=evil

FROM --platform=$BUILDPLATFORM composer:2 \
    # comments between continued lines are none of it
    AS composer

FROM ${BASE}
COPY --link --from=php / /
COPY --from=busybox:stable /bin/busybox /bin/
COPY --from=${PIN_WORDPRESS} /a /a
RUN --mount=type=bind,from=composer,target=/c --mount=type=bind,from=wordpress:6.9,target=/w true

FROM late
FROM scratch AS late
