"""Addresses that a text names; prose puts signs behind them that are not theirs."""

import re

__all__ = ["addresses_in", "readings_of"]

_ADDRESS = re.compile(r"https?://[^\s<>\"`“”|。，、；：！？）」』]+", re.IGNORECASE)
_TRAILING = ".,;:!?'’*_)]}…"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def readings_of(text: str) -> list[str]:
    """Return every address that a text may mean: each with, and without, what follows it."""
    named: list[str] = []
    for found in _ADDRESS.findall(text):
        while found not in named:
            named.append(found)
            found = found[:-1] if found[-1] in _TRAILING else found
    return named


def addresses_in(text: str) -> list[str]:
    """Return the addresses that a text names, in order, each as it most likely is meant."""
    return list(dict.fromkeys(map(_meant, _ADDRESS.findall(text))))


def _meant(found: str) -> str:
    """Leave off what ends a sentence; a bracket stays where the address opens it."""
    while found[-1] in _TRAILING:
        opened = _PAIRS.get(found[-1])
        if opened is not None and found.count(opened) >= found.count(found[-1]):
            break
        found = found[:-1]
    return found
