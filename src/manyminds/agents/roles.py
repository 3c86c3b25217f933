"""Roles of a crew: what each is told, which tools it may use, and who may end the work."""

from collections.abc import Mapping
from dataclasses import dataclass

from manyminds.core.values import RemarkKind

__all__ = ["PRESETS", "Role"]


@dataclass(frozen=True, kw_only=True)
class Role:
    """One seat of a crew."""

    name: str
    """Also the name of its prompt: `role_NAME.md`."""
    tools: frozenset[str] | None
    """Names of the tools it may call; `None` for all there are."""
    says: tuple[RemarkKind, ...]
    """Kinds of remarks it may make."""
    may_end: bool = False
    """Whether its approval ends the work."""


SOLVER = Role(name="solver", tools=frozenset(), says=("claim", "question", "clarify"))
CODER = Role(name="coder", tools=frozenset({"python", "calculate"}), says=("claim", "evidence"))
VERIFIER = Role(name="verifier", tools=None, says=("approval", "objection"), may_end=True)

PRESETS: Mapping[str, tuple[Role, ...]] = {
    "solver-coder-verifier": (SOLVER, CODER, VERIFIER),
    "duo": (SOLVER, VERIFIER),
}
"""Teams by name; in each only the verifier ends the work."""
