#: refused failed to parse stage name "team\\/tool:3"
ARG T=team_tool:3
FROM ${T/_/\/}
