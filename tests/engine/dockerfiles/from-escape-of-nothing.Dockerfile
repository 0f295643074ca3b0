# escape=x
#: refused invalid escape token 'x'
FROM node:22
