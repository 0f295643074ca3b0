#: refused unknown flag
FROM --mirror=here node:22
