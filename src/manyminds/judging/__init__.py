"""Comparing and judging candidates. Never writes an answer."""
