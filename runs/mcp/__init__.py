"""MCP: the REST API as tools of a coding agent. Each tool is one operation, with its checks, rights and answers."""
