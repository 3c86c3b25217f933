"""The best of a list put in order by comparing neighbours: what a model is asked in a last look.

Source: one pass from the bottom with a window of two is the sliding ranking of Qin et al. 2023
(arXiv 2306.17563), as STAR has it (Lee et al. 2024, arXiv 2410.16458).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from manyminds.core.errors import BudgetExceeded, ProviderError, RunCancelled

__all__ = ["Ordered", "Prefers", "ordered_by_pairs"]

Prefers = Callable[[int, int], Awaitable[bool | None]]
"""Says of two things whether the first suits the person better; `None` where it is unsure."""


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """A list as it came out, and how."""

    order: tuple[int, ...]
    compared: int
    swapped: int
    unsure: int
    ended: str = ""
    """Why it was not compared to the end; "" where it was."""


async def ordered_by_pairs(
    best: Sequence[int], prefers: Prefers, *, passes: int = 1
) -> Ordered:  # fmt: skip
    """Order things anew.

    A pass goes from the last to the first and lets the better of two rise, so that the best comes
    to the front and each other one moves down by one place at most. What is unsure stays as it was;
    so does the rest where nobody can be asked any more.

    Cost: one comparison for each two neighbours and pass.

    Args:
        best: Things, the best first.
        prefers: Compares two.
        passes: Each brings one more place to its end: ten for a first ten that is in order.
    """
    order, said, ended = list(best), list[bool | None](), ""
    try:
        for done in range(passes):
            for place in range(len(order) - 1, done, -1):
                said.append(await prefers(order[place], order[place - 1]))
                if said[-1]:
                    order[place - 1], order[place] = order[place], order[place - 1]
    except (ProviderError, BudgetExceeded, RunCancelled) as error:
        ended = str(error)
    return Ordered(
        order=tuple(order), compared=len(said), swapped=said.count(True), unsure=said.count(None),
        ended=ended,
    )  # fmt: skip
