#: refused failed to parse platform
FROM --platform=nothing/at/all/of/it node:22
