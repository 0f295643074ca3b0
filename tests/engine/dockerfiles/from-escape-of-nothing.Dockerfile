# escape=x
#: refused invalid escape token 'x'
#: unnoticed
FROM node:22
