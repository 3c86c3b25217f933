"""How sure a counted share is."""

__all__ = ["share_interval"]


def share_interval(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share. Source: Wilson 1927.

    Args:
        right: How many of them were.
        n: How many were counted.

    Raises:
        ValueError: If nothing was counted.
    """
    if n == 0:
        raise ValueError("nothing was counted")
    z, share = 1.96, right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
