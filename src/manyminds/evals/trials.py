"""One trial: one arm plays one question, and what came of it goes to one row."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from manyminds.agents.prompts import prompts_hash
from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.errors import ProviderError, RecordError
from manyminds.core.events import (
    NoteShared,
    Recorded,
    Replied,
    RequestFailed,
    RunEnded,
    RunStarted,
)
from manyminds.core.values import VERSION, Answer, Limits, Spend, Task
from manyminds.evals.arms import Arm, Unit, Wallet, amount_of
from manyminds.evals.questions import Grade, Question, grade
from manyminds.runtime.ask import new_run_id, play
from manyminds.runtime.flight import Endpoint
from manyminds.runtime.run import MemoryRun
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.tool import ReadDoc, SearchDocs
from manyminds.tools.sandbox.choose import Isolation
from manyminds.tools.sandbox.tool import Python
from manyminds.tools.toolset import Toolset
from manyminds.transcript.store import TranscriptWriter, new_transcript_path

__all__ = [
    "PLAN",
    "Bench",
    "Trial",
    "amount_of_row",
    "line_of",
    "play_trial",
    "read_trials",
    "seconds_of",
]
PLAN = "bench.json"
"""File beside a bench's rows: what they have in common."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came of one arm on one question."""

    suite: str
    question: str
    kind: str
    cluster: str
    arm: str
    right: bool
    reason: str
    """Why it is said to be right or wrong."""
    given: str | None
    """The answer; `None` where there was none."""
    outcome: str
    confidence: float | None
    drafts: tuple[bool, ...]
    """Whether each answer of the first round was right."""
    later: tuple[bool, ...]
    """Whether each answer of a later round was right."""
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    usd: float | None
    joules: float | None
    """The middle of the estimate; `None` where there is no basis for one."""
    seconds: float
    """Time of the requests added up, as they were first made."""
    first_token_s: float | None
    """Of the first request that was streamed."""
    requests: int
    by_purpose: Mapping[str, int]
    """Tokens by what the requests were for."""
    stopped_by: str | None
    run: str
    """Name of the transcript."""
    seed: int
    model: str
    prompts: str
    """Hash over the prompts that made the answer."""
    code: str
    """Version of the package, and the commit where it ran from a checkout."""
    at: str
    """When it was played: ISO 8601, UTC."""
    chance: float = 0.0
    equal_to: str | None = None
    """The arm whose spending this one was to equal."""
    kwh: tuple[float, float] | None = None
    """Low and high end of the estimate."""
    kwh_by: tuple[str, ...] = ()
    """Methods of the estimate."""


@dataclass(kw_only=True)
class Bench:
    """What all trials of a bench share."""

    suite: str
    model: str
    endpoint: Endpoint
    isolation: Isolation
    """Where programs run: members' own, and hidden tests."""
    out: Path
    """Folder of the rows and the transcripts."""
    cache: Path
    """Folder of the indexes of documents."""
    seed: int
    unit: Unit
    """What budgeted arms count."""
    code: str
    """Version that plays."""


async def play_trial(bench: Bench, arm: Arm, question: Question, amount: float | None) -> Trial:
    """Play an arm on a question.

    Args:
        bench: What all trials share.
        arm: Who plays.
        question: What is asked.
        amount: What a budgeted arm may spend, in the bench's unit.

    Raises:
        ProviderError: If the model failed a member; what was replied is kept, so another try
            costs little.
    """
    events: list[Recorded] = []
    task = Task(prompt=question.prompt, has_docs=question.docs is not None)
    run_id = new_run_id()
    writer = TranscriptWriter(new_transcript_path(bench.out, run_id))
    members = roster(arm.members, [bench.model], has_docs=task.has_docs)
    python = Python(bench.isolation)
    run = MemoryRun(
        run_id=run_id, task=task, members=members, endpoints={bench.model: bench.endpoint},
        tools=await _tools(bench, question, python), limits=Limits(), seed=bench.seed,
        thinking=arm.thinking, sinks=[events.append, writer.write],
        # Streamed, so that what is cut off is counted.
        on_progress=lambda _member, _pieces, _text: None,
    )  # fmt: skip
    wallet = Wallet(unit=bench.unit, amount=amount, spent=lambda: _spent(events, bench.unit))
    try:
        run.tell(
            RunStarted(
                task=task, strategy=arm.name, members=members, limits=Limits(), seed=bench.seed,
                version=VERSION, prompts=prompts_hash(),
            )
        )  # fmt: skip
        answer, stopped_by = await play(run, arm.make(wallet))
        if run.provider_failed:  # whoever was not answered was not wrong
            raise ProviderError("; ".join(answer.missing) or f"{bench.model} failed")
        run.tell(RunEnded(answer=answer, stopped_by=stopped_by, seconds=round(run.elapsed(), 3)))
        grades = await _grades(question, answer, events, python)
    finally:
        writer.close()
        await python.close()
    return _row(bench, arm, question, answer, grades, stopped_by, events)


@dataclass(frozen=True, kw_only=True)
class _Grades:
    answer: Grade
    drafts: tuple[bool, ...]
    later: tuple[bool, ...]


async def _grades(
    question: Question, answer: Answer, events: Sequence[Recorded], python: Python
) -> _Grades:
    """Grade the answer, and every answer that a member shared on the way."""
    notes = [e.event.note for e in events if isinstance(e.event, NoteShared)]
    # Of a member that was objected to, the answer that it came to counts as its draw.
    first = {note.member: note for note in notes if note.round == 1}
    later = [note for note in notes if note.round > 1]
    rights = [(await grade(question, n.answer, python)).right for n in (*first.values(), *later)]
    return _Grades(
        answer=await grade(question, answer.text, python),
        drafts=tuple(rights[: len(first)]), later=tuple(rights[len(first) :]),
    )  # fmt: skip


def _row(
    bench: Bench, arm: Arm, question: Question, answer: Answer, grades: _Grades,
    stopped_by: str | None, events: Sequence[Recorded],
) -> Trial:  # fmt: skip
    spend = cost_of(events).spend
    replies = [e.event for e in events if isinstance(e.event, Replied)]
    first = [r.first_token_s for r in replies if r.first_token_s is not None]
    by_purpose: dict[str, int] = {}
    for reply in replies:
        by_purpose[reply.purpose] = by_purpose.get(reply.purpose, 0) + reply.spend.tokens
    if cut := sum(e.event.spend.tokens for e in events if isinstance(e.event, RequestFailed)):
        by_purpose["cut off"] = cut
    seconds = seconds_of(events)
    return Trial(
        suite=bench.suite, question=question.id, kind=question.kind, cluster=question.cluster,
        arm=arm.name, right=grades.answer.right, reason=grades.answer.reason, given=answer.text,
        outcome=answer.outcome, confidence=answer.confidence,
        drafts=grades.drafts, later=grades.later,
        tokens_in=spend.tokens_in, tokens_cached=spend.tokens_cached, tokens_out=spend.tokens_out,
        usd=amount_of(spend, seconds, "usd"), joules=amount_of(spend, seconds, "joules"),
        seconds=seconds, first_token_s=first[0] if first else None, requests=len(replies),
        by_purpose=by_purpose, stopped_by=stopped_by, run=events[0].run, seed=bench.seed,
        model=bench.model, prompts=prompts_hash(), code=bench.code,
        at=events[-1].at.isoformat(timespec="seconds"), chance=question.chance,
        equal_to=arm.equal_to, kwh=_kwh(spend), kwh_by=spend.kwh_by,
    )  # fmt: skip


def _kwh(spend: Spend) -> tuple[float, float] | None:
    low, high = spend.kwh_low, spend.kwh_high
    return None if low is None or high is None else (low, high)


async def _tools(bench: Bench, question: Question, python: Python) -> Toolset:
    if question.docs is None:
        return Toolset([python, Calculate()])
    index = DocsIndex(question.docs, bench.cache)
    await asyncio.to_thread(index.refresh)
    return Toolset([SearchDocs(index=index), ReadDoc(index=index), python, Calculate()])


def seconds_of(events: Sequence[Recorded]) -> float:
    """Add up the time of a run's requests, as they were first made; those cut off included."""
    asked = (e.event for e in events if isinstance(e.event, Replied | RequestFailed))
    return round(sum(event.seconds for event in asked), 3)


def _spent(events: Sequence[Recorded], unit: Unit) -> float | None:
    return amount_of(cost_of(events).spend, seconds_of(events), unit)


def amount_of_row(row: Trial, unit: Unit) -> float | None:
    """Return what a trial cost, in one unit; `None` where it is not known."""
    match unit:
        case "tokens":
            return float(row.tokens_in + row.tokens_out)
        case "usd":
            return row.usd
        case "seconds":
            return row.seconds
        case "joules":
            return row.joules


_TRIAL = TypeAdapter(Trial)


def read_trials(path: Path) -> Iterator[Trial]:
    """Read the rows of a bench; a last line that was broken off is left out.

    Raises:
        RecordError: If another line is no row.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole, _, _ = text.rpartition("\n")
    # By newlines alone: answers hold other separators that `splitlines` knows.
    for number, line in enumerate(whole.split("\n") if whole else [], 1):
        try:
            yield _TRIAL.validate_json(line)
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise RecordError(f"{path}:{number}: no row of a bench: {why}") from None


def line_of(trial: Trial) -> str:
    """Return a row as one line of JSON."""
    return json.dumps(asdict(trial), ensure_ascii=False)
