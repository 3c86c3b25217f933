"""Top 1 and Backup 1 of a catalogue, and all that can be said of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.change import TradeOff, Turn, trade_offs, turns
from manyminds.recommend.deciding.missing import Asked, most_telling
from manyminds.recommend.deciding.weigh import Option, Wanted, feasible, weigh
from manyminds.recommend.ranking.diversity import spread_out

__all__ = ["Decision", "decide"]

BACKUP_AMONG = 10
"""Best options that the backup is chosen from."""
BACKUP_SCORE = 0.7
"""What its score counts beside being another kind of thing than the first."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Two options, or the one question whose answer would change them."""

    options: tuple[Option, ...]
    """All that meet every condition, the best first."""
    backup: Option | None
    """Second choice: nearly as good, and where it can be of another kind."""
    trade_offs: tuple[TradeOff, ...]
    """Of the first against the backup."""
    turns: tuple[Turn, ...]
    asked: Asked | None
    """What is worth asking before; `None` where no answer would change anything."""
    unsure: int
    """Items that may meet the conditions but do not say so."""

    @property
    def top(self) -> Option | None:
        """First choice; `None` where nothing meets the conditions."""
        return self.options[0] if self.options else None


def decide(catalogue: Catalogue, wanted: Wanted) -> Decision:
    """Weigh all there is for what a person wants."""
    items, unsure = feasible(catalogue, wanted)
    options = weigh(catalogue, items, wanted)
    backup = _backup(options)
    return Decision(
        options=tuple(options), backup=backup, unsure=unsure,
        trade_offs=(
            tuple(trade_offs(options[0].item, backup.item, catalogue.domain)) if backup else ()
        ),
        turns=tuple(turns(catalogue, wanted, options)),
        asked=most_telling(catalogue, wanted, options),
    )  # fmt: skip


def _backup(options: Sequence[Option]) -> Option | None:
    if len(options) < 2:
        return None
    first, *others = options
    # The same thing at another time is a backup only where there is nothing else.
    others = [o for o in others if o.item.title.casefold() != first.item.title.casefold()] or others
    near = [first, *others[: BACKUP_AMONG - 1]]
    kinds = [_kinds(option) for option in near]
    alike = np.array([[len(a & b) / max(len(a | b), 1) for b in kinds] for a in kinds])
    scores = np.array([option.score for option in near])
    chosen = spread_out(scores, alike, most=2, relevance=BACKUP_SCORE)
    return near[chosen[1]]


def _kinds(option: Option) -> frozenset[str]:
    values = option.item.values.items()
    return frozenset(
        f"{name}={tag}" for name, value in values if isinstance(value, tuple) for tag in value
    )
