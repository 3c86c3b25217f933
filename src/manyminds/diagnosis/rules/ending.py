"""Runs that do not know when to stop (1.5), and runs that stop too early (3.1)."""

import re
from collections.abc import Iterator

from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.rules.texts import cut, numbers_in
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["late_ends", "premature_ends"]

AFTER = 2
"""Acts after the answer stands that add nothing, from which on nobody knew that it was over."""
_LIMITS = frozenset(
    {"tokens", "usd", "seconds", "token", "time", "message", "cost", "working", "rounds", "turns"}
)
_OVER = re.compile(r"\bTERMINATE\b|<(?:info|end)>|\[END\]|\bFINISHED\b")


def late_ends(trace: Trace) -> Iterator[Finding]:
    """Find work that goes on though it was done, or that only a limit ends."""
    final = trace.final
    if trace.stopped_by in _LIMITS:
        last = next((act for act in reversed(trace.acts) if act.kind != "ends"), None)
        if last is not None:
            stood = _stood_at(trace)
            yield Finding(
                code="1.5", step=last.step, member=last.author, by="rule",
                confidence=0.9 if stood is not None else 0.6,
                evidence=cut(last.text or last.tool or ""),
                why=f"the limit on {trace.stopped_by} ended it"
                + (f", and its answer had stood since step {stood.step}" if stood else ""),
                also=(stood.step,) if stood else (),
            )  # fmt: skip
        return
    said = [act for act in trace.acts if act.kind in ("says", "calls", "returns")]
    over = next((n for n, act in enumerate(said) if _OVER.search(act.text)), None)
    if over is None and final is not None:
        stood = _stood_at(trace)
        over = next((n for n, act in enumerate(said) if stood and act.step >= stood.step), None)
    if over is None:
        return
    after = [act for act in said[over + 1 :] if act.kind == "says" and act.text.strip()]
    checked = any(act.kind != "says" for act in said[over + 1 :])
    if len(after) > AFTER and not checked and trace.source != "manyminds":
        yield Finding(
            code="1.5", step=after[1].step, member=after[1].author, evidence=cut(after[1].text),
            why=f"it was over at step {said[over].step}, and {len(after)} messages follow",
            confidence=0.8, by="rule", also=(said[over].step,),
        )  # fmt: skip


def _stood_at(trace: Trace) -> Act | None:
    """Return where the answer that stood in the end was stated by a second member, or twice."""
    final = trace.final
    if final is None:
        return None
    equal = [act for act in trace.acts if act.answer == final.answer and act.kind != "checks"]
    return equal[1] if len(equal) > 1 else None


_MORE = re.compile(
    r"(?i)\b(?:next,? (?:i|we)(?:'ll| will| should)|(?:i|we)(?:'ll| will) (?:now|then|next)|"
    r"(?:let me|let's) (?:now |then |next )?"
    r"(?:run|check|verify|try|test|compute|look|wait|continue)|"
    r"(?:please )?wait for|to be continued|once (?:i|we|you) (?:have|get))\b[^\n]{0,120}\W*$"
)
_HOLE = re.compile(
    r"(?im)^\s*(?:raise NotImplementedError\b.*|#+ *(?:todo|fixme)\b.*|pass *# .*|"
    r"# *(?:your|rest of (?:the|your)|implementation|add) .*(?:here|code).*|\.\.\.)\s*$"
)


def premature_ends(trace: Trace) -> Iterator[Finding]:
    """Find runs that end before what the task asks for is there."""
    said = [act for act in trace.of("says", "proposes") if act.text.strip()]
    if not said or trace.stopped_by is not None:
        return
    last = said[-1]
    hole, more = _HOLE.search(last.text), _MORE.search(last.text)
    if hole and "```" in last.text:
        yield Finding(
            code="3.1", step=last.step, member=last.author, evidence=cut(last.text, hole),
            confidence=0.9,
            why="what is delivered has a part that is not written yet", by="rule",
        )  # fmt: skip
    elif more and trace.acts[-1].kind in ("says", "proposes", "ends"):
        yield Finding(
            code="3.1", step=last.step, member=last.author, evidence=cut(last.text, more),
            confidence=0.8,
            why="it says what it will do next, and nothing follows", by="rule",
        )  # fmt: skip
    elif trace.outcome == "none" and trace.final is None:
        yield Finding(
            code="3.1", step=last.step, member=last.author, evidence=cut(last.text), confidence=0.6,
            why="the run ended by itself without an answer", by="rule",
        )  # fmt: skip
    elif _misses_number(trace, last):
        yield Finding(
            code="3.1", step=last.step, member=last.author, evidence=cut(last.text), confidence=0.6,
            why="the task asks for a number, and the last word holds none", by="rule",
        )  # fmt: skip


def _misses_number(trace: Trace, last: Act) -> bool:
    wanted = re.search(r"(?i)\bhow (?:many|much|long|far|old|fast)\b[^?]*\?", trace.task)
    said = trace.final is not None or numbers_in(last.text) or "determin" in last.text.lower()
    return wanted is not None and not said
