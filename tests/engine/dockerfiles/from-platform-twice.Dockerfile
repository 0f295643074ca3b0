#: refused duplicate flag specified: --platform
#: unnoticed
FROM --platform=linux/amd64 --platform=linux/arm64 node:22
