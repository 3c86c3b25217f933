"""A run of any system in one neutral form: who did what, in which order, and what it cost.

Readers make it from logs; rules and models look for failures in it. What people have said of a run
(labels, whether it was right) has no place here, so that nothing that judges can see it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from manyminds.core.messages import JsonValue
from manyminds.judging.canonical import canonicalize

__all__ = [
    "Act",
    "ActKind",
    "Outcome",
    "Trace",
    "arguments_text",
    "stated_answer",
    "without_code",
]

ActKind = Literal["says", "calls", "returns", "proposes", "checks", "asks", "told", "ends"]
"""Said to others; a tool called, and what it returned; an answer put forward; a verdict on one; a
question to the person; a word of the run to a member; the end of the run."""

Outcome = Literal["accepted", "rejected", "unsure"]


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing that one member did."""

    step: int
    """Its number in the source: of the event, the message or the span, counted from 0."""
    author: str
    kind: ActKind
    text: str = ""
    tool: str | None = None
    arguments: str | None = None
    """Of a call: JSON with sorted keys, so that equal calls are equal."""
    anew: bool = False
    """Whether the run begins again here."""
    error: bool = False
    """Of a return: whether the tool failed."""
    verdict: Outcome | None = None
    about: str | None = None
    """Of a verdict: whose work it is about. Of a word to a member: the code of what it prevents."""
    answer: str | None = None
    """Canonical key of the answer that is stated here; `None` where none is."""
    wording: str | None = None
    """Canonical key of the words of an answer: of one that was put forward (whose `answer` may be
    what its program does), of one that was held back."""
    at_s: float | None = None
    """Seconds since the run began; `None` where the source does not say."""
    seconds: float | None = None
    """How long it took."""
    tokens: int | None = None
    usd: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One run."""

    name: str
    source: str
    """Name of the reader: "manyminds", "ag2", "metagpt", "chat", "otel", "inspect"."""
    task: str
    acts: tuple[Act, ...]
    stopped_by: str | None = None
    """What ended it from outside: a limit, the person, a provider; `None`: it ended by itself, or
    the source does not say."""
    outcome: Literal["answered", "partial", "none"] | None = None
    """As the run itself says; `None`: it does not."""
    began: str | None = None
    """When, ISO 8601."""
    person: str | None = None
    """Who stands for the person: asks, goes on, runs programs; says nothing of its own."""

    @cached_property
    def authors(self) -> tuple[str, ...]:
        """Everybody who did something, in the order they first did."""
        return tuple(dict.fromkeys(act.author for act in self.acts if act.kind != "ends"))

    def of(self, *kinds: ActKind) -> Iterator[Act]:
        """Acts of these kinds."""
        return (act for act in self.acts if act.kind in kinds)

    @cached_property
    def returned(self) -> Mapping[int, Act]:
        """What each call returned, by the place of the call in `acts`."""
        found: dict[int, Act] = {}
        waiting: dict[tuple[str, str | None], list[int]] = {}
        for place, act in enumerate(self.acts):
            key = (act.author, act.tool)
            if act.kind == "calls":
                waiting.setdefault(key, []).append(place)
            elif act.kind == "returns" and waiting.get(key):
                found[waiting[key].pop(0)] = act
        return found

    @cached_property
    def final(self) -> Act | None:
        """The last act that states an answer."""
        stated = [act for act in self.acts if act.answer is not None and act.kind != "checks"]
        return stated[-1] if stated else None


def arguments_text(arguments: JsonValue) -> str:
    """Return arguments as text that is equal where they are."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return " ".join(str(arguments).split())
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False)


_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")
_CODE = re.compile(r"^[ \t]*```[^`\n]*\n.*?^[ \t]*```", re.S | re.M)
"""Programs name things as they like: what is said stands outside of them."""
_SAID = re.compile(
    r"(?im)^[^\w\n]*(?:final )?answer"
    r"(?:[^\w\n]{0,4}?(?:[:\uff1a=]|[-\u2013\u2014](?=\s)|is\b)[^\w\n]{0,4}?[ \t]*"
    r"|[^\w\n]*\n\s{0,20})(\S{0,40}?\w.{0,200})$"
)
"""After the word on its line, or under it where it stands alone."""
_THE = re.compile(r"(?i)\bthe (?:final )?answer is:?\s+(\S[^\n]{0,80}?)(?:[.!]?\s*$|[.!]\s)", re.M)
_AROUND = " *`$.\"'_"


def without_code(text: str) -> str:
    """Return a text less the programs that it fences."""
    return _CODE.sub("", text)


def stated_answer(text: str) -> str | None:
    """Return the canonical key of the answer that a text states; `None` where it states none."""
    spoken = without_code(text)
    for pattern, where in ((_BOXED, text), (_SAID, spoken), (_THE, spoken)):
        found = [one.strip(_AROUND) for one in pattern.findall(where)]
        if found and found[-1]:
            return canonicalize(found[-1]).key
    return None
