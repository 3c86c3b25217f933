"""A bench: every arm plays every question on inspect_ai; what was played once is not played again.

Rows are written as they come, each on the disk before the next trial begins, so a bench that was
killed goes on where it was. Inspect's logs stand beside them, for its viewer.
"""

import json
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from inspect_ai import Task as InspectTask
from inspect_ai import eval_async  # pyright: ignore[reportUnknownVariableType] (optional parts)
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import Model, ModelOutput, get_model
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util._display import init_display_type  # `eval_async` has no word for it

from manyminds.core.errors import ManymindsError, ProviderError, UsageError
from manyminds.evals.arms import Arm, Unit
from manyminds.evals.inspect_models import InspectEndpoint
from manyminds.evals.questions import Question
from manyminds.evals.replies import KeepingEndpoint, KeptReplies
from manyminds.evals.trials import Bench, Trial, line_of, play_trial, read_trials
from manyminds.runtime.endpoints import EMBEDDED
from manyminds.tools.sandbox.choose import Isolation, find_isolation

__all__ = ["Plan", "rows_of", "run_bench"]

_ROWS, _PLAN, _LOGS = "rows.jsonl", "bench.json", "logs"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be played."""

    suite: str
    questions: Sequence[Question]
    arms: Sequence[Arm]
    """In order; budgeted ones last."""
    model: str
    out: Path
    """Folder of rows, transcripts and inspect's logs."""
    replies: Path
    """File of the kept replies; benches may share it."""
    cache: Path
    seed: int
    unit: Unit = "tokens"
    equal_to: str | None = None
    """The arm whose spending budgeted arms are to equal, question by question."""
    side_by_side: int = 1
    """Trials at once."""
    requests: int = 8
    """Requests under way at once, all trials together."""

    @property
    def key(self) -> dict[str, object]:
        """What the rows of one folder have in common."""
        return {"suite": self.suite, "model": self.model, "seed": self.seed, "unit": self.unit}


def rows_of(out: Path) -> list[Trial]:
    """Return the rows that a folder holds."""
    return list(read_trials(out / _ROWS))


async def run_bench(plan: Plan, *, on_trial: Callable[[Trial], None] = lambda _trial: None) -> None:
    """Play what was not played yet.

    Raises:
        UsageError: If the folder holds another bench, or no sandbox works here.
        ProviderError: If trials failed otherwise than by a wrong answer.
    """
    _take(plan)
    isolation = await find_isolation(plan.cache)
    if isolation.jailer is None:
        why = "; ".join(f"{name}: {reason}" for name, reason in isolation.refused.items())
        raise UsageError(f"a bench runs programs, and no sandbox works here: {why}")
    kept = KeptReplies(plan.replies)
    init_display_type("none")  # progress is told by `on_trial`
    try:
        for arm in plan.arms:
            await _Arm(plan=plan, arm=arm, kept=kept, isolation=isolation, tell=on_trial).play()
    finally:
        kept.close()


def _take(plan: Plan) -> None:
    """Take the folder, or find that it is this bench's already."""
    plan.out.mkdir(parents=True, exist_ok=True)
    file = plan.out / _PLAN
    if file.exists():
        there = json.loads(file.read_text(encoding="utf-8"))
        other = [key for key, value in plan.key.items() if there.get(key) != value]
        if other:
            was = ", ".join(f"{key} {there.get(key)}" for key in other)
            raise UsageError(f"{plan.out} holds another bench ({was}); name another --out")
        return
    file.write_text(json.dumps(plan.key, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class _Arm:
    """One arm of a bench as a task of inspect's."""

    plan: Plan
    arm: Arm
    kept: KeptReplies
    isolation: Isolation
    tell: Callable[[Trial], None]

    async def play(self) -> None:
        """Play the questions that it has not played."""
        rows = rows_of(self.plan.out)
        done = {row.question for row in rows if row.arm == self.arm.name}
        waiting = [question for question in self.plan.questions if question.id not in done]
        if not waiting:
            return
        amounts = self._amounts(rows, waiting)
        model = get_model(f"manyminds/{self.plan.model}", memoize=False)
        try:
            bench = await self._bench(model)
            by_id = {question.id: question for question in waiting}
            failures: dict[str, str] = {}

            async def playing(question: str) -> Trial:
                try:
                    trial = await play_trial(
                        bench, self.arm, by_id[question], amounts.get(question)
                    )
                except Exception as error:
                    known = isinstance(error, ManymindsError)
                    failures[question] = str(error) if known else f"{type(error).__name__}: {error}"
                    raise
                self._write(trial)
                return trial

            broken = await self._evaluate(model, waiting, playing)
        finally:
            await model.api.aclose()
        if failures or broken is not None:
            why = next(iter(failures.values()), broken)
            raise ProviderError(
                f"{self.arm.name}: {len(failures)} of {len(waiting)} questions could not be played "
                f"({why}); run the same command to go on"
            )

    async def _bench(self, model: Model) -> Bench:
        endpoint = KeepingEndpoint(
            await InspectEndpoint.of(model), self.kept, _mark(self.plan.model),
            places=anyio.Semaphore(self.plan.requests),
        )  # fmt: skip
        return Bench(
            suite=self.plan.suite, model=self.plan.model, endpoint=endpoint,
            isolation=self.isolation, out=self.plan.out, cache=self.plan.cache,
            seed=self.plan.seed, unit=self.plan.unit,
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

    def _amounts(self, rows: Sequence[Trial], waiting: Sequence[Question]) -> dict[str, float]:
        """Return what a budgeted arm may spend on each question."""
        if not self.arm.budgeted:
            return {}
        equal = [row for row in rows if row.arm == self.plan.equal_to]
        found = {row.question: _amount(row, self.plan.unit) for row in equal}
        amounts = {question: amount for question, amount in found.items() if amount is not None}
        missing = [question.id for question in waiting if question.id not in amounts]
        if missing:
            raise UsageError(
                f"{self.arm.name}: {self.plan.equal_to or 'no other arm'} has spent no "
                f"{self.plan.unit} on {missing[0]}; name the arm to equal with --equal-to"
            )
        return amounts

    def _write(self, trial: Trial) -> None:
        with (self.plan.out / _ROWS).open("a", encoding="utf-8") as file:
            file.write(line_of(trial) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.tell(trial)


def _amount(row: Trial, unit: Unit) -> float | None:
    match unit:
        case "tokens":
            return float(row.tokens_in + row.tokens_out)
        case "usd":
            return row.usd
        case "seconds":
            return row.seconds
        case "joules":
            return row.joules


def _mark(model: str) -> str:
    """Name a model so that another version of it is another one."""
    file = EMBEDDED.get(model.removeprefix("embedded:"))
    return model if file is None else f"{model}@{file.sha256[:12]}"


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
