"""Asks the person before a tool of another server does what they did not say in so many words."""

import json
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

import anyio

from manyminds.core.errors import ToolFailed
from manyminds.core.events import Agreed, Steered
from manyminds.core.messages import JsonValue, ToolCall, ToolSpec
from manyminds.tools.provenance import Doubt, Provenance
from manyminds.tools.web.sites import AGREED, Confirm

__all__ = ["Gate", "card"]

_LOOKS_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
_LONGEST = 2_000
"""Characters of a value that a person can be expected to read; a longer one is refused."""


@dataclass(kw_only=True)
class Gate:
    """What the tools of other servers may do in one run without a word, and who is asked else."""

    provenance: Provenance
    acts: set[str] = field(default_factory=set[str])
    """Tools that do something and are not trusted with it, by the names that members see."""
    confirm: Confirm | None = None
    """Asks the person whether a call may be made, shown its card; `None`: it is refused."""
    _answers: dict[str, Agreed] = field(default_factory=dict[str, Agreed])
    """What was said of a card."""
    _open: set[str] = field(default_factory=set[str])
    """Tools, or "" for all, that may do what they like for the rest of the run."""
    _shut: set[str] = field(default_factory=set[str])
    _asking: anyio.Lock = field(default_factory=anyio.Lock)

    async def settle(self, server: str, spec: ToolSpec, call: ToolCall) -> None:
        """Let a call pass, or ask the person.

        Raises:
            ToolFailed: If it may not be made.
        """
        async with self._asking:  # one question at a time
            doubts = self.provenance.doubts(server, spec, call)
            if spec.name in self._shut:
                raise ToolFailed(f"the person lets {spec.name} do nothing more")
            if not doubts or self._open & {"", spec.name}:
                self.provenance.passed(server, spec, call)
                return
            text = card(spec, call, doubts)
            if text not in self._answers and self.confirm is not None:
                self._take(text, await self.confirm(text))
            if self._answers.get(text, "no") in ("no", "never"):
                raise ToolFailed(self._why(doubts, asked=text in self._answers))
            if self._answers[text] == "page":
                del self._answers[text]  # a yes to this one is used up by it
            self.provenance.agree(server, call, doubts)
            self.provenance.passed(server, spec, call)

    def learn(self, server: str, spec: ToolSpec, call: ToolCall, structure: JsonValue) -> None:
        """Take in what a call that was let pass has returned as a structure."""
        made = spec.effect != "none"
        self.provenance.learn(server, structure, made=made, call=call, spec=spec)

    def recall(self, server: str, spec: ToolSpec, call: ToolCall) -> None:
        """Take in a call that this run made in a process that has ended.

        Its values are the person's word only where they had said yes to its card.
        """
        doubts = self.provenance.doubts(server, spec, call)
        with suppress(ToolFailed):
            if doubts and self._answers.get(card(spec, call, doubts), "no") not in ("no", "never"):
                self.provenance.agree(server, call, doubts)
        self.provenance.passed(server, spec, call)

    def plan(self, tools: Collection[str]) -> None:
        """Take in which tools that act the question calls for."""
        self.provenance.plan = frozenset(tools)

    def heed(self, said: Steered) -> None:
        """Do again what the person had said of a card."""
        if said.what in AGREED and "\n" in said.text:
            self._take(said.text, said.what)

    def _take(self, text: str, said: Agreed) -> None:
        tool = text.partition("\n")[0]
        self._answers[text] = said
        if said in ("site", "run"):
            self._open.add("" if said == "run" else tool)
        elif said == "never":
            self._shut.add(tool)

    def _why(self, doubts: tuple[Doubt, ...], *, asked: bool) -> str:
        if asked:
            return "the person said no to this call"
        what = ", ".join(d.argument or "the call itself" for d in doubts)
        return (
            f"not the person's words: {what}; they would have to be asked, and cannot be "
            '(--confirm, or "trust" in the file of servers)'
        )


def card(spec: ToolSpec, call: ToolCall, doubts: tuple[Doubt, ...]) -> str:
    """Return what the person is shown: the tool, every value, and which are not their words.

    Raises:
        ToolFailed: If a value is too long to be read.
    """
    unsure = {doubt.argument for doubt in doubts}
    rows = [spec.name]
    if "" in unsure:
        rows.append("  (your question does not seem to call for it, or not again)")
    for name, value in call.arguments.items():
        text = _shown(json.dumps(value, ensure_ascii=False))
        if len(text) > _LONGEST:
            raise ToolFailed(f"{name} is too long for a person to read ({len(text)} characters)")
        shown = name if name.isidentifier() and name.isascii() else _shown(json.dumps(name))
        rows.append(f"  {shown} = {text}" + ("  (NOT YOUR WORDS)" if name in unsure else ""))
    whole = "\n".join([*rows, ""] if len(rows) == 1 else rows)
    if len(whole) > 3 * _LONGEST:
        raise ToolFailed(f"the call is too long for a person to read ({len(whole)} characters)")
    return whole


def _shown(text: str) -> str:
    """Return a text with what nobody can see written out."""
    return "".join(f"\\u{{{ord(c):x}}}" if _unseen(c) else c for c in text)


def _unseen(c: str) -> bool:
    blank = unicodedata.category(c) == "Zs" and c != " "
    return (
        not c.isprintable()
        or blank
        or c in _LOOKS_BLANK
        or "\ufe00" <= c <= "\ufe0f"
        or c >= "\U000e0000"
    )
