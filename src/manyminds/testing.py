"""Test doubles for people who build on this package: no network, no clock, no model.

`ScriptedRun` plays a strategy on scripted replies. Tools, verifiers and the whole of a strategy
are real; only what models would say is written down beforehand.
"""

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from manyminds.agents.roster import roster
from manyminds.core.errors import BudgetExceeded, ManymindsError, ProviderError, RunCancelled
from manyminds.core.events import Event, Recorded, Replied, Requested, ToolCalled, ToolReturned
from manyminds.core.messages import JsonValue, ModelCall, Reply, ToolCall, ToolSpec
from manyminds.core.protocols import Abilities, Left, Tool, ToolOutcome, Verifier
from manyminds.core.values import Candidate, Evidence, Failure, Member, Note, Spend, Task, Verdict
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset

__all__ = ["ScriptedRun", "act", "final", "passage", "recorded"]

T = TypeVar("T")
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def act(tool: str, **arguments: JsonValue) -> str:
    """Return what a model says in the action protocol to use a tool."""
    return json.dumps({"action": tool, **arguments})


def final(answer: str, *, reason: str = "so it is", confidence: int = 80) -> str:
    """Return what a model says in the action protocol to answer."""
    said = {"action": "answer", "reason": reason, "answer": answer, "confidence": confidence}
    return json.dumps(said)


@dataclass(kw_only=True)
class ScriptedRun:
    """A run whose members say what the script says, in order; an error in it is raised.

    A member without a script, or at its end, fails like a provider that is gone. Steps side by
    side are played one after the other, so that a transcript reads in one order.
    """

    task: Task
    script: Mapping[str, Sequence[str | Reply | ManymindsError]]
    """What each member says, by name; checkers are called "checker1", "checker2", …"""
    members: Sequence[Member] = field(
        default_factory=lambda: roster(4, ["scripted:model"], has_docs=False)
    )
    with_tools: Sequence[Tool] = field(default_factory=lambda: [Calculate()])
    native_tools: bool = False
    events: list[Recorded] = field(default_factory=list[Recorded])
    calls: list[tuple[str, ModelCall]] = field(default_factory=list[tuple[str, ModelCall]])
    """Every request, with who made it: what a test asserts on."""
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    _said: Counter[str] = field(default_factory=Counter[str])
    _ids: Counter[str] = field(default_factory=Counter[str])
    _steps: int = 0

    @property
    def tools(self) -> Sequence[ToolSpec]:
        """The tools that were given."""
        return tuple(tool.spec for tool in self.with_tools)

    def abilities(self, member: Member) -> Abilities:
        """What every scripted model can do."""
        return Abilities(json_schema=True, tools=self.native_tools, output_tokens=500)

    def seed(self, member: Member) -> int:
        """Return a count: chance plays no part here."""
        return self._said[member.name]

    def left(self) -> Left:
        """No limit."""
        return Left(tokens=None, seconds=None)

    def new_id(self, prefix: str) -> str:
        """Return `prefix` and the next number."""
        self._ids[prefix] += 1
        return f"{prefix}{self._ids[prefix]}"

    def tell(self, event: Event) -> None:
        """Record an event; the clock moves on by a second each time."""
        number = len(self.events)
        at = _BEGAN + timedelta(seconds=number)
        self.events.append(Recorded(run="scripted", number=number, at=at, event=event))

    async def request(self, member: Member, call: ModelCall) -> Reply:
        """Say the member's next line."""
        place = self._said[member.name]
        self._said[member.name] += 1
        self.calls.append((member.name, call))
        self._steps += 1
        self.tell(
            Requested(
                step=self._steps, member=member.name, model=member.model, purpose=call.purpose,
                prompt_hash="", seed=call.seed, reserved_tokens=call.max_tokens,
            )
        )  # fmt: skip
        lines = self.script.get(member.name, ())
        said = lines[place] if place < len(lines) else ProviderError("the script is at its end")
        if isinstance(said, ManymindsError):
            raise said
        reply = said if isinstance(said, Reply) else _reply(said)
        self.tell(
            Replied(
                step=self._steps, member=member.name, model=member.model, purpose=call.purpose,
                prompt_hash="", seed=call.seed, text=reply.text, calls=reply.calls,
                finish=reply.finish, spend=reply.spend, seconds=1.0, first_token_s=None,
            )
        )  # fmt: skip
        return reply

    async def call(self, member: Member, call: ToolCall) -> ToolOutcome:
        """Call a real tool."""
        self._steps += 1
        self.tell(
            ToolCalled(
                step=self._steps, member=member.name, tool=call.name, arguments=call.arguments
            )
        )  # fmt: skip
        outcome = await Toolset(self.with_tools).call(
            member.name, call, new_id=self.new_id, key=f"scripted/{self._steps}"
        )
        self.tell(
            ToolReturned(
                step=self._steps, member=member.name, tool=call.name, evidence=outcome.evidence,
                error=outcome.error, failure=outcome.failure, seconds=0.0,
            )
        )  # fmt: skip
        return outcome

    async def objection(
        self, note: Note, unused: Collection[str], *, tokens: int, seconds: float
    ) -> str | None:
        """Object to nothing: a script has said what it will say."""
        return None

    async def check(self, verifier: Verifier, candidate: Candidate) -> Verdict:
        """Run the real verifier."""
        return await verifier.verify(self.task, candidate)

    async def gather(
        self,
        steps: Iterable[Awaitable[T]],
        *,
        enough: Callable[[Sequence[T]], bool] | None = None,
    ) -> list[T | Failure]:
        """Await one after the other; what is no longer needed is never begun."""
        results: list[T | Failure] = []
        for step in steps:
            if enough is not None and enough([r for r in results if not isinstance(r, Failure)]):
                _drop(step)
                results.append(Failure(kind="RunCancelled", message="no longer needed"))
                continue
            try:
                results.append(await step)
            except ManymindsError as error:
                fatal = isinstance(error, BudgetExceeded | RunCancelled)
                results.append(Failure(kind=type(error).__name__, message=str(error), fatal=fatal))
        return results


def _drop(step: Awaitable[object]) -> None:
    """Close a coroutine that is never awaited, so that Python does not complain of it."""
    close: object = getattr(step, "close", None)
    if callable(close):
        close()


def _reply(text: str) -> Reply:
    spend = Spend(tokens_in=100, tokens_out=20, usd=Decimal("0.001"), kwh_low=0.0, kwh_high=0.0)
    return Reply(text=text, finish="stop", spend=spend)


def passage(text: str, *, source: str, id_: str = "e1") -> Evidence:
    """Return what reading a whole small document gives."""
    return Evidence(
        id=id_, tool="search_docs", request="q", output=text, source=source, start=0,
        end=len(text), line_start=1, line_end=text.count("\n") + 1,
    )  # fmt: skip


def recorded(run: str, events: Iterable[Event]) -> list[Recorded]:
    """Put events in their places, a second apart."""
    return [
        Recorded(run=run, number=number, at=_BEGAN + timedelta(seconds=number), event=event)
        for number, event in enumerate(events)
    ]
