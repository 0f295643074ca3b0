#: uses node:22
# escape=`
FROM \
  node:22
