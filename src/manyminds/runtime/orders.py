"""What a run was asked to do, kept beside its transcript: all it takes to begin it again."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from manyminds.core.errors import RecordError
from manyminds.core.events import RunStarted
from manyminds.core.messages import Conversation
from manyminds.core.values import VERSION, Plan, Task
from manyminds.runtime.choose import AskOptions

__all__ = ["Order", "Way", "order_json", "read_order", "write_order", "write_order_json"]

Way = Literal["orchestrate", "wide"]
_FILE = "order.json"


@dataclass(frozen=True, kw_only=True)
class Order:
    """One question with its options; no keys, which are found anew."""

    task: Task
    options: AskOptions
    way: Way | None = None
    """Research or a table by a plan; `None`: what the options come to."""
    plan: Plan | None = None
    conversation: Conversation | None = None
    """What goes back to whoever leads it is the next step; `None`: an answer is wanted."""
    asks: bool = False
    """Whether the person is to approve the plan, and addresses that nobody named."""
    clarify: bool = False
    """Whether the person was asked back before the work began."""
    notify: str | None = None
    """`desktop`, or the address of a webhook, that is told when the run needs the person or is
    over."""
    inherits: int = 0
    """Events that it began with: another run, of which it is a fork, has paid for them."""
    version: str = VERSION

    def as_begun(self, started: RunStarted) -> "Order":
        """Return it with what was chosen when the run began: seed, strategy, size of the panel."""
        chosen = replace(
            self.options, seed=started.seed, members=len(started.members), limits=started.limits,
            prefer=None,
        )  # fmt: skip
        ours = self.way is None and self.conversation is None
        if ours and chosen.verifier is None and chosen.ranker is None:
            chosen = replace(chosen, strategy=started.strategy)
        return replace(self, task=started.task, options=chosen)


@cache
def _adapter() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


def write_order(folder: Path, order: Order) -> None:
    """Keep an order in a run's folder."""
    write_order_json(folder, order_json(order))


def order_json(order: Order) -> str:
    """Return an order as it is kept."""
    return _adapter().dump_json(order).decode()


def write_order_json(folder: Path, text: str) -> None:
    """Keep an order that is written down already."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / _FILE
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def read_order(folder: Path) -> Order:
    """Return the order of a run.

    Raises:
        RecordError: If there is none, or none that this version can read.
    """
    path = folder / _FILE
    try:
        return _adapter().validate_python(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RecordError(
            f"run {folder.name}: it was begun by a release that kept no order, so nobody knows how "
            "to go on; ask again"
        ) from None
    except (OSError, ValueError, ValidationError) as error:
        raise RecordError(f"{path}: cannot be read ({type(error).__name__})") from None
