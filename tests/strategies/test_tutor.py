"""Hints before answers: what a model that likes to give answers away may say, and when."""

import json
import random
from dataclasses import dataclass, field

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.prompts import prompt
from manyminds.agents.roster import roster
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import Answer, Limits, Spend, Task
from manyminds.runtime.ask import play
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.single import Single
from manyminds.strategies.tutor import Tutor
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from tests.improviser import Improviser

pytestmark = pytest.mark.anyio
QUESTION = "Each of 6 boxes holds 7 pens. How many pens are there?"


@dataclass(kw_only=True)
class Blabs(Improviser):
    """It gives the answer away in every other hint, in one way or another."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))
    share: float = 0.5
    ways: tuple[str, ...] = ("It is {}.", "Answer: {}", "6 * 7 = {}", "that makes {} pens")

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        if "learn to work this out" not in str(call.messages):
            return await super().send(call, progress=progress)
        hint = "Multiply the boxes by the pens in each."
        if self.chance.random() < self.share:
            hint = self.chance.choice(self.ways).format(self.chance.choice(["42", "forty-two"]))
        text = json.dumps({"idea": "Equal groups are counted by multiplying.", "hints": [hint]})
        return Reply(text=text, finish="stop", spend=Spend(tokens_in=10, tokens_out=10))


async def taught(endpoint: Improviser, question: str, seed: int = 1) -> Answer:
    run = MemoryRun(
        run_id="r", task=Task(prompt=question), members=roster(1, ["x"], has_docs=False),
        endpoints={"x": endpoint}, tools=Toolset([Calculate()]), limits=Limits(), seed=seed,
    )  # fmt: skip
    answer, _ = await play(run, Tutor(solver=Single()))
    return answer


async def test_of_two_hundred_hints_next_to_none_gives_the_answer_away() -> None:
    told, leaked = 0, 0
    for seed in range(200):
        answer = await taught(Blabs(answers=("42",), chance=random.Random(seed)), QUESTION, seed)
        text = answer.text or ""
        told += bool(text)
        leaked += any(word in text.casefold() for word in ("42", "forty-two"))
        assert answer.canonical is None
        assert not answer.evidence
    assert leaked <= 200 * 0.05
    assert told >= 150  # one of three tries that are good in half of the cases


async def test_a_model_that_always_gives_it_away_is_not_heard() -> None:
    answer = await taught(Blabs(answers=("42",), share=1.0), QUESTION)
    assert (answer.outcome, answer.text) == ("none", None)
    assert any("gave the answer away" in why for why in answer.missing)


async def test_after_an_attempt_the_answer_comes() -> None:
    said = f"user: {QUESTION}\n\nassistant: Multiply the boxes by the pens in each."
    question = prompt("conversation", said=said, question="I think it is 41. Is that right?")
    answer = await taught(Blabs(answers=("42",)), question)
    assert answer.text == "42"
