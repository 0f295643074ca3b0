#: refused repository name (library/Base) must be lowercase
#: unnoticed
FROM node:22 AS Base
FROM Base
