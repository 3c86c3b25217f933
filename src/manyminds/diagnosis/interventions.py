"""What a run told its members while it went on, and whether it changed what they did.

Whether the answer became right is another question: `benchmarks/diagnosis/live.py` measures it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from manyminds.diagnosis.trace import Act, Trace

__all__ = ["Intervention", "interventions"]


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """One word to one member."""

    step: int
    member: str
    code: str
    """Of the failure or waste that it was to prevent."""
    text: str
    heeded: bool | None
    """Whether it did what it was told, or answered another thing; `None`: it did nothing after."""


def interventions(trace: Trace) -> Iterator[Intervention]:
    """Yield what members were told, in its order."""
    for place, told in enumerate(trace.acts):
        if told.kind != "told":
            continue
        before = [act for act in trace.acts[:place] if act.author == told.author]
        after = [act for act in trace.acts[place + 1 :] if act.author == told.author]
        code = told.about or ""
        if code == "unbatched_calls":
            heeded = _asked_for_several(before, after)
        else:
            heeded = _tried(after) if code == "3.2" else _moved(told, after)
        yield Intervention(
            step=told.step, member=told.author, code=code, text=told.text, heeded=heeded
        )


def _asked_for_several(before: list[Act], after: list[Act]) -> bool | None:
    """Say whether the tool's next call is for more than one thing."""
    tool = next((act.tool for act in reversed(before) if act.kind == "calls"), None)
    call = next((act for act in after if act.kind == "calls" and act.tool == tool), None)
    return None if call is None else "\\n" in (call.arguments or "")


def _tried(after: list[Act]) -> bool | None:
    """Say whether a tool was called before the next answer."""
    done = (act.kind == "calls" for act in after if act.kind in ("calls", "proposes"))
    return next(done, None)


def _moved(told: Act, after: list[Act]) -> bool | None:
    """Say whether the next answer is in other words, or was looked into again."""
    for act in after:
        if act.kind == "calls":
            return True
        if act.kind == "proposes":
            return act.wording != told.wording
    return None
