"""What was done is done again (1.3), begun anew (2.1), or gone back on (1.4)."""

import re
from collections import defaultdict
from collections.abc import Iterator

from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.rules.peers import objects
from manyminds.diagnosis.rules.texts import alike, cut, words
from manyminds.diagnosis.trace import Act, Trace, without_code

__all__ = ["lost_history", "repeated_calls", "repeated_steps", "resets"]

SAME, LIKE_THE_TASK = 0.85, 0.8
LEAST_WORDS = 12
"""Shorter ones, like "yes, done", are said again without anything being done again."""
LATELY = 60
"""Things said by one member that a new one is compared with: time grows with their number."""
LOOP = 3
"""From so many equal calls on it is a loop and no mere waste."""


def repeated_steps(trace: Trace) -> Iterator[Finding]:
    """Find members who say all over again what they had said, and calls made in a loop."""
    said: dict[str, list[Act]] = defaultdict(list)
    for act in trace.of("says"):
        if len(words(act.text)) < LEAST_WORDS or act.author == trace.person:
            continue
        lately = said[act.author][-LATELY:]
        before = next((b for b in lately if alike(b.text, act.text) >= SAME), None)
        if before is not None and not _asked_again(trace, before, act):
            yield Finding(
                code="1.3", step=act.step, member=act.author, evidence=cut(act.text), by="rule",
                why=f"the same was done at step {before.step}, with the same result",
                confidence=0.9, also=(before.step,), tokens=act.tokens, usd=act.usd,
                seconds=act.seconds,
            )  # fmt: skip
        said[act.author].append(act)
    for calls in _equal_calls(trace):
        if len(calls) >= LOOP:
            place, call = calls[LOOP - 1]
            yield Finding(
                code="1.3", step=call.step, member=call.author, by="rule", confidence=0.95,
                evidence=cut(f"{call.tool}({call.arguments})"),
                why=f"{call.tool} was called {len(calls)} times with the same arguments, and "
                "returned the same each time",
                also=tuple(c.step for p, c in calls if p != place),
            )  # fmt: skip


def _asked_again(trace: Trace, before: Act, act: Act) -> bool:
    """Say whether it was said again for a reason: somebody objected, and was or was not heard."""
    between = trace.acts[trace.acts.index(before) + 1 : trace.acts.index(act)]
    if any(objects(one) for one in between):
        return True
    # Our members are asked to look again at what they said, and may keep it.
    return trace.source == "manyminds" and any(o.kind in ("proposes", "checks") for o in between)


def repeated_calls(trace: Trace) -> Iterator[Finding]:
    """Find calls that had been made before, whoever made them."""
    for calls in _equal_calls(trace):
        if len(calls) >= LOOP:
            continue  # a loop: told as such
        first = calls[0][1]
        lost = [trace.returned[place] for place, _ in calls[1:]]
        took = [one.seconds for one in lost if one.seconds is not None]
        again = calls[1][1]
        yield Finding(
            code="repeated_call", step=again.step, member=again.author, by="rule", confidence=0.95,
            evidence=cut(f"{again.tool}({again.arguments})"),
            why=f"{again.tool} had returned the same for the same arguments at step {first.step}",
            also=tuple(c.step for _, c in calls if c is not again),
            seconds=sum(took) if took else None,
        )  # fmt: skip


def _equal_calls(trace: Trace) -> Iterator[list[tuple[int, Act]]]:
    """Yield calls with equal arguments and results by one member, two or more."""
    found: dict[tuple[str | None, str | None, str], list[tuple[int, Act]]] = defaultdict(list)
    for place, gave in trace.returned.items():
        call = trace.acts[place]
        found[call.tool, call.arguments, " ".join(gave.text.split())].append((place, call))
    for calls in found.values():
        by_author = len({call.author for _, call in calls}) == 1
        # Members side by side who look the same up are the point of a panel.
        if len(calls) > 1 and by_author:
            yield sorted(calls, key=lambda one: one[0])


_ANEW = re.compile(
    r"(?i)\b(?:let'?s|let us|i will|i'll|we (?:should|will|can)) (?:now )?"
    r"(?:start|begin|restart)(?: (?:it|this|all))?(?: all)? (?:over|again|anew|from scratch|"
    r"from the beginning)\b|\bhow can i (?:help|assist) you\b"
)


def resets(trace: Trace) -> Iterator[Finding]:
    """Find conversations that begin again: the task is put anew, or somebody says so."""
    acts = list(trace.of("says"))
    for number, act in enumerate(acts):
        if number < 2:
            continue
        anew = _ANEW.search(act.text)
        told = (
            len(words(trace.task)) >= LEAST_WORDS and alike(act.text, trace.task) >= LIKE_THE_TASK
        )
        if (anew and not _refuted(acts[number - 1])) or told or act.anew:
            yield Finding(
                code="2.1", step=act.step, member=act.author, by="rule", confidence=0.8,
                evidence=cut(act.text, anew),
                why="the task is put once more, as if nothing had been done" if told
                else "the work begins again, and nothing before it says why",
            )  # fmt: skip
            return


def _refuted(act: Act) -> bool:
    told = without_code(act.text).lower()
    return act.error or any(
        word in told for word in ("error", "wrong", "incorrect", "mistake", "traceback")
    )


def lost_history(trace: Trace) -> Iterator[Finding]:
    """Find members who go back to an answer that they had left for another one."""
    stated: dict[str, list[Act]] = defaultdict(list)
    for act in trace.of("says", "proposes"):
        if act.answer is None:
            continue
        answers = stated[act.author]
        if answers and answers[-1].answer == act.answer:
            answers[-1] = act
            continue
        answers.append(act)
        if len(answers) >= 3 and answers[-3].answer == act.answer and not _taken_back(trace, act):
            left = answers[-2]
            yield Finding(
                code="1.4", step=act.step, member=act.author, by="rule", confidence=0.8,
                evidence=cut(act.text), also=(answers[-3].step, left.step),
                why=f"it had left this answer for {left.answer!r} at step {left.step}, and goes "
                "back to it without a reason",
            )  # fmt: skip


_REASON = re.compile(
    r"(?i)\b(?:because|since|mistake|error|correct(?:ion|ing|ed)?|indeed|however|recheck|actually)\b"
)


def _taken_back(trace: Trace, act: Act) -> bool:
    if _REASON.search(act.text):
        return True
    place = trace.acts.index(act)
    return place > 0 and trace.acts[place - 1].kind in ("returns", "checks")
