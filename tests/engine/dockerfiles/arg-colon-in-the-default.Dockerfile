#: uses node:22
FROM ${IMAGE:-node:22}
