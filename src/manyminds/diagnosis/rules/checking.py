"""Results that nobody checked (3.2), and checks that pass what they should have caught (3.3)."""

import re
from collections.abc import Iterator

from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.rules.texts import cut, words
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["unverified", "wrongly_verified"]

_CHECKS = re.compile(
    r"(?i)\b(?:verif|check(?:ed|ing|s)?\b|double-check|confirm|validat|review|test(?:ed|ing|s)?\b|"
    r"substitut|plug(?:ging)? (?:it|this|back)|sanity|passes)"
)
_CHECKER = re.compile(r"(?i)test|review|verif|critic|check|qa\b|judge|evaluat|quality")
_PRAISE = re.compile(
    r"(?i)\b(?:looks? (?:good|great|correct|fine)|lgtm|approved?|well done|great (?:job|work)|"
    r"(?:is|are) correct(?! or)|no (?:issues|problems|bugs|changes)|perfect|accepted)\b"
)
RUBBER_WORDS = 30
"""A verdict in fewer words names nothing that was checked."""


def unverified(trace: Trace) -> Iterator[Finding]:
    """Find answers that were delivered without a check, or that are not the ones checked."""
    final = trace.final
    if final is None or len(words(final.text)) == 0:
        return
    changed = _changed_after(trace, final)
    if changed is not None:
        yield changed
        return
    first = next(act for act in trace.acts if act.answer == final.answer and act.kind != "checks")
    place = trace.acts.index(first)
    before, after = trace.acts[:place], trace.acts[place:]
    computed = any(act.kind == "returns" and not act.error for act in before)
    verdicts = any(act.kind == "checks" and act.verdict != "unsure" for act in trace.acts)
    looked = any(
        act.kind in ("calls", "returns")
        or (act.kind == "says" and act.author != first.author and len(words(act.text)) > 3)
        or (act.kind == "says" and _CHECKS.search(act.text))
        for act in after[1:]
    )
    said = bool(_CHECKS.search(first.text)) or any(_CHECKER.search(name) for name in trace.authors)
    if not (computed or verdicts or looked or said):
        yield Finding(
            code="3.2", step=first.step, member=first.author, evidence=cut(first.text),
            confidence=0.8,
            why="the answer is delivered as it was first stated; no tool, member or verifier looks "
            "at it",
            by="rule",
        )  # fmt: skip


def _changed_after(trace: Trace, final: Act) -> Finding | None:
    """Return that the delivered answer is another one than the one that was accepted last."""
    accepted: tuple[Act, str] | None = None
    standing: dict[str, str] = {}
    for act in trace.acts:
        if act.answer is not None and act.kind != "checks":
            standing[act.author] = act.answer
        if act.kind == "checks" and act.verdict == "accepted":
            answer = act.answer or standing.get(act.about or "")
            if answer is not None:
                accepted = (act, answer)
    if accepted is None or trace.source == "manyminds":
        # Ours weighs what was accepted; a verdict alone decides nothing.
        return None
    check, answer = accepted
    place = trace.acts.index(check)
    later = next(
        (
            a
            for a in trace.acts[place + 1 :]
            if a.answer is not None and a.kind != "checks" and a.answer != answer
        ),
        None,
    )
    if later is None or final.answer == answer:
        return None
    return Finding(
        code="3.2", step=later.step, member=later.author, evidence=cut(later.text), confidence=0.9,
        why=f"the answer was changed after {check.author} had accepted {answer!r} at step "
        f"{check.step}, and nobody looked at it again",
        by="rule", also=(check.step,),
    )  # fmt: skip


def wrongly_verified(trace: Trace) -> Iterator[Finding]:
    """Find checks that pass what a tool had just refuted, and verdicts that name nothing."""
    failed: Act | None = None
    for act in trace.acts:
        if act.kind == "returns":
            failed = act if act.error else None
        elif act.kind == "calls":
            continue
        elif failed is not None and act.kind == "checks" and act.verdict == "accepted":
            yield Finding(
                code="3.3", step=act.step, member=act.author, evidence=cut(act.text) or "accepted",
                why=f"it accepts what a tool had refuted at step {failed.step}", confidence=0.9,
                by="rule", also=(failed.step,),
            )  # fmt: skip
            failed = None
        elif failed is not None and act.kind == "says" and _passes(act):
            yield Finding(
                code="3.3", step=act.step, member=act.author, confidence=0.8, by="rule",
                evidence=cut(act.text, _PRAISE.search(act.text)), also=(failed.step,),
                why=f"it passes what had failed at step {failed.step}",
            )  # fmt: skip
            failed = None
        elif act.kind == "says" and _is_rubber_stamp(trace, act):
            yield Finding(
                code="3.3", step=act.step, member=act.author, confidence=0.6, by="rule",
                evidence=cut(act.text), why="the verdict names nothing that was checked",
            )  # fmt: skip


def _is_rubber_stamp(trace: Trace, act: Act) -> bool:
    short = len(words(act.text)) < RUBBER_WORDS and _passes(act)
    return short and bool(_CHECKER.search(act.author)) and not _has_tools(trace, act.author)


def _passes(act: Act) -> bool:
    found = _PRAISE.search(act.text)
    return found is not None and not re.search(
        r"(?i)\b(?:not|isn't|but|however|except)\b", cut(act.text, found)
    )


def _has_tools(trace: Trace, author: str) -> bool:
    return any(act.author == author for act in trace.of("calls"))
