"""Limits, what is set aside, what was spent, what it cost. Usable alone."""
