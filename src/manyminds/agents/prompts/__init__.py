"""Prompts as Markdown files; variables are strict, and the hash over all of them is recorded."""

import re
from functools import cache
from hashlib import sha256
from importlib.resources import files

__all__ = ["prompt", "prompts_hash"]

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


def prompt(name: str, **variables: str) -> str:
    """Return a prompt with its variables filled in.

    Raises:
        KeyError: If the file asks for a variable that is not given, or is given one it lacks:
            a mistake of ours, not of the caller.
    """
    text = _text(name)
    wanted = set(_VARIABLE.findall(text))
    if wanted != set(variables):
        raise KeyError(f"prompt {name!r} takes {sorted(wanted)}, was given {sorted(variables)}")
    return _VARIABLE.sub(lambda match: variables[match[1]], text)


@cache
def _text(name: str) -> str:
    return (files(__name__) / f"{name}.md").read_text(encoding="utf-8").strip()


@cache
def prompts_hash() -> str:
    """Return a short hash over every prompt file, names included."""
    digest = sha256()
    for file in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".md"):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
