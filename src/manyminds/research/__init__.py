"""Reports of research, as pages that people read; nothing here asks a model or a tool."""
