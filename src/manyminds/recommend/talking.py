"""A dialogue in single messages: what somebody says to it, and where it stands, in a line."""

from collections.abc import Sequence

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.item import shown
from manyminds.recommend.deciding.weigh import Option
from manyminds.recommend.dialogue import Dialogue, View

__all__ = ["expected", "said", "told"]

_FIRST = ("1", "one", "first", "the first", "the first one")
_SECOND = ("2", "two", "second", "the second", "the second one")
_BACK = ("back", "go back")


def said(dialogue: Dialogue, text: str) -> View:
    """Take what somebody says, as the moment has it: an answer, a choice, or the way back.

    Raises:
        UsageError: If it is none of these.
    """
    low = text.strip().casefold().rstrip(".!")
    state = dialogue.view().state
    if low in _BACK:
        return dialogue.back()
    if state == "asking":
        return dialogue.answer(text)
    if state == "proposing" and low in (*_FIRST, *_SECOND):
        return dialogue.choose(1 if low in _FIRST else 2)
    if state == "decided":
        return dialogue.view()
    raise UsageError("Say 1 or 2, or back, or what you would like instead.")


def expected(view: View) -> Sequence[str]:
    """Return what may be said next, likeliest first."""
    if view.asked is not None:
        return (*(answer.text for answer in view.asked.answers), "no matter", "back")
    return ("one", "two", "back")


def told(view: View, *, ask: bool = True) -> str:
    """Return where a dialogue stands, in a message.

    Args:
        view: Where it stands.
        ask: Whether the question that waits is asked; else what is proposed so far is told.
    """
    top, backup = view.decision.top, view.decision.backup
    if view.chosen is not None:
        link = f" {view.chosen.item.link}" if view.chosen.item.link else ""
        return f"Chosen: {_called(view.chosen, view)}.{link}"
    if view.asked is not None and ask:
        likely = ", ".join(answer.text for answer in view.asked.answers[:4])
        return f"{view.asked.text} ({likely}, or: no matter)"
    if top is None:
        return f"Nothing of {len(view.catalogue.items)} meets every condition."
    second = f" 2: {_called(backup, view)}." if backup else ""
    trades = "; ".join(trade.text for trade in view.decision.trade_offs[:3])
    about = f" ({trades})" if trades else ""
    return f"1: {_called(top, view)}.{second}{about} Say 1 or 2, or back."


def _called(option: Option, view: View) -> str:
    """Return what an option is called, and when it is: what comes again has one title."""
    values = option.item.values
    times = [
        shown(values[name], field.unit)
        for name, field in view.domain.fields.items() if field.kind == "time" and name in values
    ]  # fmt: skip
    return f"{option.item.title} ({times[0]})" if times else option.item.title
