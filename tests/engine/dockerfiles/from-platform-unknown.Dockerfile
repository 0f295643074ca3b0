#: refused failed to parse platform
#: unnoticed
FROM --platform=nothing/at/all/of/it node:22
