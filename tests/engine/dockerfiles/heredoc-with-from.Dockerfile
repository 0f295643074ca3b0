#: uses debian:12
FROM debian:12
RUN --network=none <<END
echo no \
FROM node:22
END
COPY <<"END" <<-OTHER /texts/
FROM node:22
OTHER
END
	COPY --from=rust:1.88 / /
	OTHER
