"""Append-only events on disk. Knows no strategy, no model and no face."""
