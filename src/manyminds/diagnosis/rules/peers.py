"""Members and what others say: not asked (2.2), not heard (2.5), beside one's words or role.

The last two are 2.6, an act that contradicts what was said, and 1.2, another's part.
"""

import re
from collections.abc import Iterator

from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.rules.texts import alike, cut, numbers_in, words
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["assumed", "beside_role", "ignored", "mismatched", "objects"]

_ASSUMES = re.compile(
    r"(?i)\b(?:assum(?:e|es|ed|ing|ption)|suppose|let'?s say|let us say|presum(?:e|ably|ing)|"
    r"hypothetical(?:ly)?|arbitrar(?:y|ily)|for (?:simplicity|the sake of))\b"
)
_COMPUTED = re.compile(r"(?<=[\d)])\s*=\s*\$?-?[\d.,]+")
"""What a sum comes to: assumed is what goes into it."""
_UNKNOWN = re.compile(
    r"(?i)\b(?:can(?:not|'t) be determined|"
    r"(?:not enough|insufficient|missing) (?:data|information))\b"
)


def assumed(trace: Trace) -> Iterator[Finding]:
    """Find numbers that are assumed, that the task does not hold, and that nobody was asked for."""
    said = list(trace.of("says", "proposes", "ends"))
    if any(trace.of("asks")) or any(_UNKNOWN.search(act.text) for act in said):
        return
    known = numbers_in(trace.task) | {"0", "1"}
    for act in trace.of("says"):
        for found in _ASSUMES.finditer(act.text):
            told = cut(act.text, found)
            invented = numbers_in(_COMPUTED.sub("", told)) - known
            if invented:
                yield Finding(
                    code="2.2", step=act.step, member=act.author, evidence=told, by="rule",
                    confidence=0.8,
                    why=f"the task does not say {', '.join(sorted(invented)[:3])}, and "
                    "nobody was asked",
                )  # fmt: skip
                return


_AGAINST = re.compile(
    r"(?i)\b(?:that(?:'s| is) (?:wrong|incorrect|not right)|(?:is|are|was) (?:wrong|incorrect)|"
    r"i (?:disagree|object)|there (?:is|are) (?:an?|some) (?:error|mistake|bug)s?|"
    r"you (?:forgot|missed|should|need to)|should (?:be|have been)|"
    r"must be (?:fixed|changed|corrected))\b"
)


def ignored(trace: Trace) -> Iterator[Finding]:
    """Find objections of a peer after which the same is said again, or delivered."""
    acts = [act for act in trace.acts if act.kind in ("says", "proposes", "checks", "ends")]
    for place, act in enumerate(acts):
        if not objects(act):
            continue
        target = _target(acts[:place], act)
        if target is None:
            continue
        later = [a for a in acts[place + 1 :] if a.author == target.author and a.kind != "checks"]
        again = later[0] if later else None
        if again is not None and _unmoved(target, again) and not _worked(trace, act, again):
            yield Finding(
                code="2.5", step=again.step, member=again.author, evidence=cut(again.text),
                why=f"{act.author} objected at step {act.step}; nothing was changed or answered",
                confidence=0.8, by="rule", also=(act.step, target.step),
            )  # fmt: skip
            return


def objects(act: Act) -> bool:
    """Say whether an act speaks against what another one did."""
    if act.kind == "checks":
        return act.verdict == "rejected"
    return act.kind == "says" and _AGAINST.search(act.text) is not None


def _target(before: list[Act], act: Act) -> Act | None:
    """Return whose words an objection is about: those named, or the last of another member."""
    others = [a for a in before if a.author != act.author and a.kind in ("says", "proposes")]
    named = [a for a in others if a.author == act.about]
    return (named or others or [None])[-1]


def _worked(trace: Trace, since: Act, until: Act) -> bool:
    """Say whether somebody called a tool in between: then the objection was looked into."""
    between = (act for act in trace.acts if since.step < act.step < until.step)
    return any(act.kind in ("calls", "returns") for act in between)


def _unmoved(target: Act, again: Act) -> bool:
    if len(words(target.text)) >= 5 and alike(target.text, again.text) >= 0.85:
        return True
    return (
        target.answer is not None and again.answer == target.answer and len(words(again.text)) < 40
    )


_SAYS_TOOL = re.compile(
    r"(?i)\b(?:i(?:'ll| will| am going to)|let me|we(?:'ll| will)|next (?:i|we))\s+"
    r"(?:now |then |first )?"
    r"(?:use|call|run|invoke|try)\s+(?:the\s+)?[`'\"]?(?P<tool>[\w.-]+)"
)


def _named(found: re.Match[str]) -> str:
    return found["tool"].strip(".-").lower()


def mismatched(trace: Trace) -> Iterator[Finding]:
    """Find members who name the tool they will use next, and use another one."""
    tools = {str(act.tool).lower(): act.tool for act in trace.of("calls")}
    said: dict[str, tuple[Act, re.Match[str]]] = {}
    for act in trace.acts:
        if act.kind == "says":
            found = [m for m in _SAYS_TOOL.finditer(act.text) if _named(m) in tools]
            said.pop(act.author, None)
            if found:
                said[act.author] = (act, found[-1])
        elif act.kind == "calls" and act.author in said:
            words_, found_ = said.pop(act.author)
            if str(act.tool).lower() != _named(found_):
                yield Finding(
                    code="2.6", step=act.step, member=act.author, confidence=0.9, by="rule",
                    evidence=cut(f"{act.tool}({act.arguments})"), also=(words_.step,),
                    why=f"it had said: {cut(words_.text, found_)!r}",
                )  # fmt: skip


_NOBODY = frozenset({"assistant", "user", "agent"})


def beside_role(trace: Trace) -> Iterator[Finding]:
    """Find members who speak as another, or who approve their own work."""
    names = [name for name in trace.authors if len(name) > 2 and name.lower() not in _NOBODY]
    for act in trace.acts:
        if act.kind == "says":
            head = act.text.lstrip(" *#_[>").lower()[:60]
            as_other = [n for n in names if n != act.author and head.startswith(f"{n.lower()}:")]
            if as_other:
                yield Finding(
                    code="1.2", step=act.step, member=act.author, evidence=cut(act.text),
                    why=f"it speaks as {as_other[0]}", confidence=0.9, by="rule",
                )  # fmt: skip
        if act.kind == "checks" and act.verdict == "accepted" and act.about == act.author:
            yield Finding(
                code="1.2", step=act.step, member=act.author, evidence=cut(act.text) or "accepted",
                why="it approves its own work", confidence=0.9, by="rule",
            )  # fmt: skip
