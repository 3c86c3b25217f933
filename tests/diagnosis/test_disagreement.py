"""How far members pull apart: it rises with the goals that are planted against each other."""

import random
from dataclasses import dataclass

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.core.events import Recorded, RunStarted
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import Limits, Spend, Task
from manyminds.diagnosis.diagnose import diagnosed
from manyminds.diagnosis.disagreement import disagreement_in
from manyminds.diagnosis.readers.ours import read_events
from manyminds.diagnosis.trace import Act, Trace
from manyminds.runtime.ask import play
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.debate import Debate
from manyminds.testing import final
from manyminds.tools.toolset import Toolset
from tests.improviser import Improviser

MEMBERS = 6


def trace(*answers: tuple[str, str]) -> Trace:
    acts = tuple(
        Act(step=n, author=author, kind="says", text=f"Answer: {answer}", answer=answer)
        for n, (author, answer) in enumerate(answers)
    )
    return Trace(name="t", source="chat", task="?", acts=acts)


def test_its_parts() -> None:
    assert disagreement_in(trace(("a", "1"))) is None
    found = disagreement_in(trace(("a", "1"), ("b", "2"), ("c", "1"), ("b", "1")))
    assert found is not None
    assert (found.first, found.last, found.objected) == (pytest.approx(2 / 3), 0.0, None)
    assert found.score == pytest.approx(1 / 3)


@dataclass(kw_only=True)
class Wilful(Improviser):
    """Answers what its member wants; now and then it gives in, or errs."""

    wants: int
    chance: random.Random

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        said = str(self.chance.choice([42, 43]) if self.chance.random() < 0.15 else self.wants)
        text = f"So it is.\nAnswer: {said}" if call.schema is None else final(said)
        return Reply(text=text, finish="stop", spend=Spend(tokens_in=1, tokens_out=1))


async def score_with(goals: int, seed: int) -> float:
    """Play a debate in which so many members want another answer than the others, each its own."""
    events: list[Recorded] = []
    models = [f"x{number}" for number in range(MEMBERS)]
    task, members = Task(prompt="How many?"), roster(MEMBERS, models, has_docs=False)
    endpoints = {
        model: Wilful(wants=100 + n if n < goals else 42, chance=random.Random(f"{seed}/{n}"))
        for n, model in enumerate(models)
    }
    run = MemoryRun(
        run_id="r", task=task, members=members, endpoints=endpoints, tools=Toolset([]),
        limits=Limits(), seed=seed, sinks=[events.append],
    )  # fmt: skip
    run.tell(
        RunStarted(
            task=task, strategy="debate", members=members, limits=Limits(), seed=seed, version="",
            prompts="",
        )
    )  # fmt: skip
    await play(run, Debate())
    found = diagnosed(read_events(events)).disagreement
    assert found is not None
    return found.score


def ranks(values: list[float]) -> list[float]:
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) - 1) / 2
        for value in values
    ]


@pytest.mark.anyio
async def test_it_rises_with_planted_goals() -> None:
    planted = [(goals, seed) for goals in range(MEMBERS) for seed in range(5)]
    scores = [await score_with(goals, seed) for goals, seed in planted]
    ours, theirs = ranks(scores), ranks([float(goals) for goals, _ in planted])
    mean = (len(planted) - 1) / 2
    together = sum((a - mean) * (b - mean) for a, b in zip(ours, theirs, strict=True))
    apart = (sum((a - mean) ** 2 for a in ours) * sum((b - mean) ** 2 for b in theirs)) ** 0.5
    assert together / apart >= 0.8
    by_goals = [sum(s for (g, _), s in zip(planted, scores, strict=True) if g == k) / 5 for k in range(MEMBERS)]  # fmt: skip
    assert by_goals == sorted(by_goals)
