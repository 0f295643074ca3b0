#: uses node:22
FROM no\de:22
