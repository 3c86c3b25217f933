"""What every committed figure carries: the machine and the code."""

from manyminds.evals.origin import commit, machine

__all__ = ["code", "machine"]


def code() -> str:
    """Name the code that is measured: its commit, and whether it was changed since."""
    return commit() or "not in a checkout"
