#: refused invalid reference format
FROM https://127.0.0.1/node
