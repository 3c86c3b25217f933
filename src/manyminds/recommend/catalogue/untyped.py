"""What JSON and YAML hold, with the types that were looked for."""

from collections.abc import Mapping
from typing import Any, cast

__all__ = ["list_of", "mapping_of"]


def mapping_of(found: Any) -> Mapping[str, Any] | None:
    """Return it if it is an object."""
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else None


def list_of(found: Any) -> list[Any]:
    """Return it if it is a list; nothing of anything else."""
    return cast("list[Any]", found) if isinstance(found, list) else []
