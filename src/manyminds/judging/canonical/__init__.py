"""Canonical answers: the one form that equal answers share."""

from manyminds.judging.canonical.form import canonicalize, prose, same

__all__ = ["canonicalize", "prose", "same"]
