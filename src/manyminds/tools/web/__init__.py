"""The web as a tool: which addresses may be reached, fetching, reading, searching."""
