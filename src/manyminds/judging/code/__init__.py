"""Judging programs by what they do: examples, calls, outcomes, behaviour."""
