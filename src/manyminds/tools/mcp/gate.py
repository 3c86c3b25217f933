"""Asks the person before a tool of another server does what they did not say in so many words."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field

import anyio

from manyminds.core.errors import ToolFailed
from manyminds.core.events import Agreed, Steered
from manyminds.core.messages import JsonValue, ToolCall, ToolSpec
from manyminds.tools.provenance import Doubt, Provenance
from manyminds.tools.web.sites import AGREED, Confirm

__all__ = ["Gate", "card"]

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
                return
            text = card(spec, call, doubts)
            if text not in self._answers and self.confirm is not None:
                self._take(text, await self.confirm(text))
            if self._answers.get(text, "no") in ("no", "never"):
                raise ToolFailed(self._why(doubts, asked=text in self._answers))
            self.provenance.agree(server, call)

    def learn(self, server: str, spec: ToolSpec, structure: JsonValue) -> None:
        """Take in what a call that was let pass has returned as a structure."""
        self.provenance.learn(server, structure, made=spec.effect != "none")

    def recall(self, server: str, call: ToolCall) -> None:
        """Take in a call that this run made in a process that has ended: it was let pass."""
        self.provenance.agree(server, call)

    def plan(self, tools: Collection[str]) -> None:
        """Take in which tools that act the question calls for."""
        self.provenance.plan = frozenset(tools)

    def heed(self, said: Steered) -> None:
        """Do again what the person had said of a card."""
        if said.what == "hint":
            self.provenance.hear(said.text)
        elif said.what in AGREED and "\n" in said.text:
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
        rows.append("  (your question does not seem to call for it)")
    for name, value in call.arguments.items():
        text = _shown(json.dumps(value, ensure_ascii=False))
        if len(text) > _LONGEST:
            raise ToolFailed(f"{name} is too long for a person to read ({len(text)} characters)")
        rows.append(f"  {_shown(name)} = {text}" + ("  (NOT YOUR WORDS)" if name in unsure else ""))
    return "\n".join([*rows, ""] if len(rows) == 1 else rows)


def _shown(text: str) -> str:
    """Return a text with what nobody can see written out."""
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)
