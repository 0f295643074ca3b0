#: refused dockerfile contains no stages to build
ARG V=22
