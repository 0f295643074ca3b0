#: target nothing
#: refused target stage "nothing" could not be found
FROM node:22 AS something
