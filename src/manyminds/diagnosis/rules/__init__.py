"""Failures that a rule can decide: each module looks for a family of them."""
