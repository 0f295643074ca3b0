#: refused must be lowercase
FROM Node:22
