#: uses 127.0.0.1:5000/team/app:1.2 127.0.0.1:5000/team/app:latest
FROM 127.0.0.1:5000/team/app
COPY --from=127.0.0.1:5000/team/app:1.2 /bin/busybox /tool
