"""A bench: every arm plays every question on inspect_ai; what was played once is not played again.

Rows are written as they come, each on the disk before the next trial begins, so a bench that was
killed goes on where it was. Inspect's logs stand beside them, for its viewer.
"""

import json
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import anyio
from filelock import FileLock, Timeout
from inspect_ai import Task as InspectTask
from inspect_ai import eval_async  # pyright: ignore[reportUnknownVariableType] (optional parts)
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import Model, ModelOutput, get_model
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util._display import init_display_type  # `eval_async` has no word for it

from manyminds.core.errors import ManymindsError, UsageError
from manyminds.evals.arms import Arm, Unit
from manyminds.evals.inspect_models import InspectEndpoint, ManymindsModel
from manyminds.evals.origin import version
from manyminds.evals.questions import Question
from manyminds.evals.replies import KeepingEndpoint, KeptReplies
from manyminds.evals.trials import (
    PLAN,
    Bench,
    Trial,
    amount_of_row,
    line_of,
    play_trial,
    read_trials,
)
from manyminds.runtime.endpoints import EMBEDDED
from manyminds.tools.sandbox.choose import Isolation, find_isolation
from manyminds.transcript.store import cut_torn_line

__all__ = ["Plan", "rows_of", "run_bench"]

_ROWS, _LOGS = "rows.jsonl", "logs"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be played."""

    suite: str
    questions: Sequence[Question]
    arms: Sequence[Arm]
    """In order; budgeted ones last."""
    model: str
    members: int
    """Of each arm that does not say otherwise."""
    out: Path
    """Folder of rows, transcripts and inspect's logs."""
    replies: Path
    """File of the kept replies; benches may share it."""
    cache: Path
    seed: int
    data: str = ""
    """Mark of the suite's data: other questions of the same names are another bench."""
    unit: Unit = "tokens"
    """What budgeted arms count."""
    side_by_side: int = 1
    """Trials at once."""
    requests: int = 8
    """Requests under way at once, all trials together."""

    @property
    def key(self) -> dict[str, object]:
        """What the rows of one folder have in common."""
        return {
            "suite": self.suite, "model": self.model, "seed": self.seed, "members": self.members,
            "data": self.data,
        }  # fmt: skip


def rows_of(out: Path) -> list[Trial]:
    """Return the rows that a folder holds."""
    return list(read_trials(out / _ROWS))


async def run_bench(
    plan: Plan, *, on_trial: Callable[[Trial], None] = lambda _trial: None
) -> list[str]:
    """Play what was not played yet.

    Returns:
        What could not be played, an arm a line; to be tried again with the same plan.

    Raises:
        UsageError: If the folder holds another bench, or no sandbox works here.
    """
    isolation = await find_isolation(plan.cache)
    if isolation.jailer is None:
        why = "; ".join(f"{name}: {reason}" for name, reason in isolation.refused.items())
        raise UsageError(f"a bench runs programs, and no sandbox works here: {why}")
    _take(plan)
    init_display_type("none")  # progress is told by `on_trial`
    try:
        lock = FileLock(plan.out / "lock").acquire(blocking=False)
    except Timeout:
        raise UsageError(f"another bench is playing into {plan.out}; wait for it") from None
    with lock, closing(KeptReplies(plan.replies)) as kept:
        if (plan.out / _ROWS).exists():
            cut_torn_line(plan.out / _ROWS)
        played = [_Arm(plan, arm, kept, isolation, on_trial) for arm in plan.arms]
        failed = [await arm.play() for arm in played]
    return [line for line in failed if line is not None]


def _take(plan: Plan) -> None:
    """Take the folder, or find that it is this bench's already."""
    plan.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = plan.out / PLAN
    if not file.exists():
        file.write_text(json.dumps(plan.key, indent=1) + "\n", encoding="utf-8")
        return
    there = json.loads(file.read_text(encoding="utf-8"))
    other = [key for key, value in plan.key.items() if there.get(key, value) != value]
    if other:
        was = ", ".join(f"{key} {there.get(key)}" for key in other)
        raise UsageError(f"{plan.out} holds another bench ({was}); name another --out")


@dataclass(frozen=True)
class _Arm:
    """One arm of a bench as a task of inspect's."""

    plan: Plan
    arm: Arm
    kept: KeptReplies
    isolation: Isolation
    tell: Callable[[Trial], None]

    async def play(self) -> str | None:
        """Play the questions that it has not played; return what went wrong, if anything did."""
        waiting, amounts = self._waiting(), self._amounts()
        playable = [q for q in waiting if not self.arm.budgeted or q.id in amounts]
        failures: dict[str, str] = {}
        if playable:
            model = get_model(f"manyminds/{self.plan.model}", memoize=False)
            try:
                bench = await self._bench(model)
                by_id = {question.id: question for question in playable}

                async def playing(question: str) -> Trial:
                    try:
                        amount = amounts.get(question)
                        trial = await play_trial(bench, self.arm, by_id[question], amount)
                        self._write(trial)
                    except Exception as error:
                        known = isinstance(error, ManymindsError)
                        kind = "" if known else f"{type(error).__name__}: "
                        failures[question] = f"{kind}{error}"
                        raise
                    return trial

                broken = await self._evaluate(model, playable, playing)
            finally:
                await model.api.aclose()
            failures |= {"": broken} if broken and not failures else {}
        left = self._waiting()
        if not left:
            return None
        why = next(iter(failures.values()), None)
        if why is None and self.arm.budgeted:
            why = f"{self.arm.equal_to} has spent no known {self.plan.unit} there"
        return f"{self.arm.name}: {len(left)} questions could not be played ({why})"

    def _waiting(self) -> list[Question]:
        done = {row.question for row in rows_of(self.plan.out) if row.arm == self.arm.name}
        return [question for question in self.plan.questions if question.id not in done]

    async def _bench(self, model: Model) -> Bench:
        endpoint = KeepingEndpoint(
            await InspectEndpoint.of(model), self.kept, await _mark(model, self.plan.model),
            places=anyio.Semaphore(self.plan.requests),
        )  # fmt: skip
        return Bench(
            suite=self.plan.suite, model=self.plan.model, endpoint=endpoint,
            isolation=self.isolation, out=self.plan.out, cache=self.plan.cache,
            seed=self.plan.seed, unit=self.plan.unit, code=version(),
        )  # fmt: skip

    async def _evaluate(
        self, model: Model, waiting: Sequence[Question], play: Callable[[str], Awaitable[Trial]]
    ) -> str | None:
        """Let inspect play the questions; return what broke it off, if anything did."""
        task = InspectTask(
            dataset=MemoryDataset([_sample(q) for q in waiting], name=self.plan.suite),
            solver=_playing(play),
            scorer=_as_graded(),
            name=f"{self.plan.suite}-{self.arm.name.replace('@', '-at-')}",
        )
        [log] = await eval_async(
            task, model=model, log_dir=str(self.plan.out / _LOGS), fail_on_error=False,
            max_samples=self.plan.side_by_side, log_buffer=1, score_display=False,
        )  # fmt: skip
        # Its samples are not looked at: to load them, inspect would patch asyncio for good.
        return None if log.error is None else log.error.message

    def _amounts(self) -> dict[str, float]:
        """Return what a budgeted arm may spend on each question."""
        equal = [row for row in rows_of(self.plan.out) if row.arm == self.arm.equal_to]
        found = {row.question: amount_of_row(row, self.plan.unit) for row in equal}
        return {question: amount for question, amount in found.items() if amount}

    def _write(self, trial: Trial) -> None:
        """Put a row on the disk."""
        with (self.plan.out / _ROWS).open("a", encoding="utf-8") as file:
            file.write(f"{line_of(trial)}\n")
            file.flush()
            os.fsync(file.fileno())
        self.tell(trial)


async def _mark(model: Model, name: str) -> str:
    """Name a model so that another version of it, or one at another address, is another one."""
    file = EMBEDDED.get(name.removeprefix("embedded:"))
    if file is not None:
        return f"{name}@{file.sha256[:12]}"
    found = await model.api.endpoint() if isinstance(model.api, ManymindsModel) else None
    client = None if found is None else found.client
    return name if client is None else f"{name} at {client.base_url}"


def _sample(question: Question) -> Sample:
    return Sample(
        id=question.id, input=question.prompt, target=question.answer,
        metadata={"kind": question.kind, "cluster": question.cluster},
    )  # fmt: skip


def _playing(play: Callable[[str], Awaitable[Trial]]) -> Solver:
    """Make a solver of a function, so that inspect's log does not list what it rests on."""

    @solver(name="bench")
    def playing() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            trial = await play(str(state.sample_id))
            state.output = ModelOutput.from_content(model=trial.model, content=trial.given or "")
            state.metadata["trial"] = json.loads(line_of(trial))
            return state

        return solve

    return playing()


@scorer(metrics=[accuracy(), stderr()])
def _as_graded() -> Scorer:
    """Score as the trial was graded."""

    async def score(state: TaskState, target: Target) -> Score:
        trial = state.metadata["trial"]
        value = CORRECT if trial["right"] else INCORRECT
        return Score(value=value, answer=trial["given"], explanation=trial["reason"])

    return score
