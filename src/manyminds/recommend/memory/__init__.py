"""What is remembered of one person: Markdown that they can read, edit and move."""
