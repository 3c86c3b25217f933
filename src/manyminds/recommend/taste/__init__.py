"""What somebody likes, found out by a few yes or no questions."""
