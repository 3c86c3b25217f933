"""Is an answer backed by what its author's tools really returned?

It looks at evidence only, never at the author's words, so it costs no model request and cannot be
talked into anything. It does not know whether the program that printed the answer was the right
program: for that a crux is settled by somebody else's way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.core.values import Candidate, Canonical, Evidence, Task, Verdict
from manyminds.judging.canonical import canonicalize, same

__all__ = ["Backed", "result_of"]

_COMPUTING = frozenset({"python", "calculate"})
_NUMBERS = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:/\d+)?")
_PLAIN = re.compile(r"[^\w]+")


@dataclass(frozen=True, kw_only=True)
class Backed:
    """Accepts an answer that a tool printed or that stands in a passage its author read.

    Rejects one whose author's last computation came to a single other result.
    """

    name: str = "backed"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Judge by the candidate's own evidence."""
        return self.judge(task, candidate)

    def judge(self, task: Task, candidate: Candidate) -> Verdict:
        """As `verify`; no waiting is needed."""
        computed = [e for e in candidate.evidence if e.tool in _COMPUTING]
        last = computed[-1] if computed else None
        if last is not None and _printed(last, candidate.canonical, task):
            how = f"{last.tool} returned {_last_line(last)!r}"
            return self._verdict("accepted", how, last)
        for evidence in candidate.evidence:
            if evidence.source is not None and _stands_in(candidate, evidence):
                where = f"it stands in {evidence.source}, line {evidence.line_start}"
                return self._verdict("accepted", where, evidence)
        result = None if last is None else result_of(last, question=task.prompt)
        if last is not None and result is not None and result.kind == candidate.canonical.kind:
            why = f"{last.tool} returned {_last_line(last)!r}, which is another answer"
            return self._verdict("rejected", why, last)
        return self._verdict("unsure", "no tool returned it and no passage holds it", None)

    def _verdict(self, outcome: str, reason: str, evidence: Evidence | None) -> Verdict:
        return Verdict(
            outcome="accepted"
            if outcome == "accepted"
            else "rejected"
            if outcome == "rejected"
            else "unsure",
            reason=reason,
            verifier=self.name,
            evidence=() if evidence is None else (evidence.id,),
        )


def result_of(evidence: Evidence, *, question: str) -> Canonical | None:
    """Return the single result a computation came to; `None` where it is not plain."""
    line = _last_line(evidence)
    if not line:
        return None
    whole = canonicalize(line, question=question)
    if whole.kind in ("number", "quantity", "date", "yes_no", "set", "list", "expression"):
        return whole
    numbers = _NUMBERS.findall(line)
    if len(numbers) == 1:
        return canonicalize(numbers[0], question=question)
    return whole if whole.kind == "text" and len(line.split()) <= 3 else None


def _last_line(evidence: Evidence) -> str:
    lines = [line.strip() for line in evidence.output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _printed(evidence: Evidence, answer: Canonical, task: Task) -> bool:
    if not answer.key or answer.kind == "none":
        return False
    lines = [line.strip() for line in evidence.output.splitlines() if line.strip()]
    if lines and _same_line(lines[-1], answer, task):
        return True
    if answer.kind in ("text", "choice", "json") and any(
        _same_line(n, answer, task) for n in lines
    ):
        return True
    if answer.kind in ("set", "list"):
        return same(canonicalize(", ".join(lines), question=task.prompt), answer)
    return False


def _same_line(line: str, answer: Canonical, task: Task) -> bool:
    before, _, after = line.rpartition("=")
    readings: Sequence[str] = [line, line.rpartition(":")[2].strip(), before.strip(), after.strip()]
    if answer.kind in ("number", "quantity"):
        numbers = _NUMBERS.findall(line)
        readings = [*readings, *(numbers if len(numbers) == 1 else ())]
    return any(r and same(canonicalize(r, question=task.prompt), answer) for r in readings)


def _stands_in(candidate: Candidate, evidence: Evidence) -> bool:
    """Say whether a passage holds the answer; a short number or a yes stands in too many."""
    kind = candidate.canonical.kind
    wanted = _words(candidate.text).strip()
    telling = len(wanted) >= 4 and kind not in ("yes_no", "choice", "none")
    if kind in ("number", "quantity"):
        telling = len(wanted.replace(" ", "")) >= 2
    return telling and f" {wanted} " in _words(evidence.output)


def _words(text: str) -> str:
    return f" {_PLAIN.sub(' ', text.casefold()).strip()} "
