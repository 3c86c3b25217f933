"""The joints: what a strategy may ask of a run, and what others must offer to be used by one."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from random import Random  # noqa: TID251 (the type only: chance is the run's)
from typing import Protocol, TypeVar, runtime_checkable

from manyminds.core.events import Event
from manyminds.core.messages import ModelCall, Reply, ToolCall, ToolFailure, ToolSpec
from manyminds.core.values import (
    Answer,
    Candidate,
    Evidence,
    Failure,
    Member,
    Note,
    Ranking,
    Task,
    Verdict,
)

__all__ = [
    "Abilities",
    "Left",
    "Ranker",
    "Remembering",
    "Run",
    "Strategy",
    "Tool",
    "ToolOutcome",
    "Verifier",
]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What one model behind one endpoint can really do, as probed. `None` is not known."""

    json_schema: bool | None = None
    """A requested schema is obeyed."""
    tools: bool | None = None
    """Native tool calls come back as calls, not as text."""
    parallel_tools: bool | None = None
    stream_usage: bool | None = None
    """Token counts come with a stream."""
    reasoning_field: str | None = None
    """Name of the field that reasoning text comes in; `None` where none was seen."""
    context_tokens: int | None = None
    output_tokens: int = 2_000
    """Output tokens one request may ask for; small local models get less."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """What may still be spent before the reserve for ending well is touched."""

    tokens: int | None
    """`None`: no limit."""
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class ToolOutcome:
    """What a tool call gave: evidence, or an error for the model to read."""

    text: str
    """What the model is shown, fenced as data."""
    evidence: tuple[Evidence, ...] = ()
    error: str | None = None
    failure: ToolFailure | None = None
    """What kind of error it was."""


class Run(Protocol):
    """Everything a strategy may touch: the only door to models, tools, time and chance."""

    @property
    def task(self) -> Task:
        """The task being worked on."""
        ...

    @property
    def members(self) -> Sequence[Member]:
        """The panel, in order; the first one leads."""
        ...

    @property
    def tools(self) -> Sequence[ToolSpec]:
        """The tools that work here, in a fixed order."""
        ...

    @property
    def rng(self) -> Random:
        """The run's chance: seeded, so that a run can be played again."""
        ...

    def seed(self, member: Member) -> int:
        """Return a seed for the member's next request: the same at each playing of the run."""
        ...

    def abilities(self, member: Member) -> Abilities:
        """What the member's model can do."""
        ...

    async def request(self, member: Member, call: ModelCall) -> Reply:
        """Send one request: one durable step, paid from the budget.

        Raises:
            BudgetExceeded: If the step cannot be paid; nothing was sent then.
            RunCancelled: If somebody asked the run to end with what is there.
            ProviderError: If the service failed, retries included.
        """
        ...

    async def call(self, member: Member, call: ToolCall) -> ToolOutcome:
        """Call one tool for a member: one durable step. Tool errors come back as values."""
        ...

    async def check(self, verifier: "Verifier", candidate: Candidate) -> Verdict:
        """Let one verifier judge one candidate: one durable step."""
        ...

    async def objection(
        self, note: Note, unused: Collection[str], *, tokens: int, seconds: float
    ) -> str | None:
        """Return what its member is told against an answer; `None`: nothing speaks against it.

        Args:
            note: The answer, as it was shared.
            unused: Names of the tools that the member could have called and has not.
            tokens: What trying again may take; nothing is said where so much is not left.
            seconds: The same.
        """
        ...

    def tell(self, event: Event) -> None:
        """Record what the strategy itself decided."""
        ...

    async def gather(
        self,
        steps: Iterable[Awaitable[T]],
        *,
        enough: Callable[[Sequence[T]], bool] | None = None,
    ) -> list[T | Failure]:
        """Await steps side by side; results keep the order of `steps`.

        A step that raises one of our errors becomes a `Failure`, so that one dead member never
        takes the others along. When `enough` says of the results so far that no more are
        needed, the rest is cancelled.
        """
        ...

    def left(self) -> Left:
        """What may still be spent on work."""
        ...

    def new_id(self, prefix: str) -> str:
        """Return a name that is new within this run: `prefix` and a number."""
        ...


class Verifier(Protocol):
    """Judges one candidate on its own, without seeing the others."""

    @property
    def name(self) -> str:
        """Stable name, as written into verdicts and transcripts."""
        ...

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Judge the candidate; must not raise for a bad candidate."""
        ...


class Ranker(Protocol):
    """Orders several candidates."""

    @property
    def name(self) -> str:
        """Stable name, as written into transcripts."""
        ...

    async def rank(self, task: Task, candidates: Sequence[Candidate]) -> Ranking:
        """Order the candidates; must not raise for bad ones."""
        ...


class Tool(Protocol):
    """Something a member can use; usable alone, without a run."""

    @property
    def spec(self) -> ToolSpec:
        """Name, description and parameters, as a model is told."""
        ...

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Do it for one member and return what was found.

        Raises:
            ToolError: If it cannot be done; the model reads the message.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A tool whose later calls depend on its earlier ones."""

    def recall(self, member: str, call: ToolCall, evidence: Sequence[Evidence]) -> None:
        """Take in a call of this run that another process had done, without doing it again."""
        ...


class Strategy(Protocol):
    """A way of spending compute on a task."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task of `run` and return the answer to deliver."""
        ...
