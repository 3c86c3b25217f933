"""Tools of other MCP servers, for our members: pinned, bounded, their words data."""
