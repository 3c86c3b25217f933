"""The report of a bench: one HTML file that needs nothing else, and the same as JSON."""

from manyminds.evals.report.page import Origin, write_report

__all__ = ["Origin", "write_report"]
