#: refused unknown flag
#: unnoticed
FROM --mirror=here node:22
