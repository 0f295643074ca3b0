#: uses node:22 rust:1.88
from node:22 as base
From rust:1.88 aS next
copy --from=base /bin/busybox /tool
