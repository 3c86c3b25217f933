"""Doing what was decided: each act as it would really happen, shown, agreed to, done once."""
