"""Parts that come with an extra."""

from importlib import import_module
from typing import Any

from manyminds.core.errors import UsageError

__all__ = ["needed"]


def needed(module: str, *, extra: str = "recommend") -> Any:
    """Import a module of an extra.

    Raises:
        UsageError: If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{module.partition('.')[0]} is not installed; pip install 'manyminds[{extra}]'"
        ) from error
