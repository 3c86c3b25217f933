"""Isolation that this process proved a moment ago: runs side by side need not each prove it."""

import time
from pathlib import Path

from manyminds.tools.sandbox.choose import Isolation, find_isolation

__all__ = ["isolation"]

FRESH_S = 60.0
"""How long a proof is believed. One that failed is not: what was missing may be there by now."""
_proved: dict[Path, tuple[float, Isolation]] = {}


async def isolation(cache: Path) -> Isolation:
    """Return what isolates here, with a proof that is at most a minute old.

    Args:
        cache: Folder of what can be made again.
    """
    at, found = _proved.get(cache, (0.0, None))
    if found is None or time.monotonic() - at > FRESH_S:
        found = await find_isolation(cache)
        _proved.pop(cache, None)
        if found.jailer is not None:
            _proved[cache] = (time.monotonic(), found)
    return found
