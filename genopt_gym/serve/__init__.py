"""Runs that are driven from outside: an MCP server, and folders in which an assistant edits files."""
