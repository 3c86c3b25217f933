"""From a wish to two options: conditions, what speaks for each, and what would change it."""
