"""A model says which of two things suits a person, both ways round."""

from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Member
from manyminds.tools.fence import fence

__all__ = ["ModelPrefers"]

_FIELDS: dict[str, JsonValue] = {"better": {"enum": ["A", "B"]}}


@dataclass(frozen=True, kw_only=True)
class ModelPrefers:
    """Compares two things for one person.

    Cost: two requests a comparison, one each way round: a model favours a place, and what wins
    only in one is unsure. The person's likes stand first, so that they are read once.
    """

    run: Run
    member: Member
    liked: Sequence[str]
    """What the person liked, in words, the latest first."""
    things: Sequence[str]
    """Each thing in words, by its number."""

    async def __call__(self, one: int, other: int) -> bool | None:
        """Say whether the first suits the person better.

        Raises:
            BudgetExceeded: If it cannot be paid.
            ProviderError: If the model failed.
        """
        forth, back = await self._better(one, other), await self._better(other, one)
        return {("A", "B"): True, ("B", "A"): False}.get((forth, back))

    async def _better(self, a: int, b: int) -> str:
        text = prompt(
            "prefer", liked=fence("\n".join(f"- {one}" for one in self.liked), source="likes"),
            a=fence(self.things[a], source="A", limit=400),
            b=fence(self.things[b], source="B", limit=400),
        )  # fmt: skip
        told = await inquire(self.run, self.member, text, _FIELDS, max_tokens=20, purpose="check")
        return str(told.get("better"))
