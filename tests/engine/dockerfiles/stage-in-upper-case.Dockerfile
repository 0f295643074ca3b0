#: refused repository name (library/Base) must be lowercase
FROM node:22 AS Base
FROM Base
