#: uses node:22
FROM "node:22"\ AS a
