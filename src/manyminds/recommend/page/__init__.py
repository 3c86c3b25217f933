"""A decision as one page that needs nothing else: the table, and weights that can be moved."""
