"""Exact arithmetic: numbers, units, dates. No floating point but for irrational functions."""
