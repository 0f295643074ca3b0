#: refused must be lowercase
FROM 127.0.0.1:5000/Team/app:1.2
