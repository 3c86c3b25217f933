"""Words that every face counts with."""

__all__ = ["counted"]


def counted(count: int, what: str) -> str:
    """Return a number of things: "1 page", "3 pages"."""
    return f"{count} {what}{'' if count == 1 else 's'}"
