"""Debate: it ends when all agree or nobody changes, and a moderator decides what is left open."""

import json

import pytest

from manyminds.agents.roster import roster
from manyminds.core.errors import ProviderError
from manyminds.core.events import PhaseStarted, Revised
from manyminds.core.values import Task
from manyminds.judging.agreement import Choices
from manyminds.strategies.debate import Debate
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio
TASK = Task(prompt="How many pens are in 6 boxes of 7?")


def says(*answers: str) -> list[str]:
    return [f"It is so.\nAnswer: {answer}" for answer in answers]


def run_of(script: dict, members: int = 3) -> ScriptedRun:
    return ScriptedRun(
        task=TASK, script=script, members=roster(members, ["scripted:model"], has_docs=False)
    )


def phases(run: ScriptedRun) -> list[str]:
    return [e.event.phase for e in run.events if isinstance(e.event, PhaseStarted)]


async def test_who_agree_at_once_do_not_argue() -> None:
    run = run_of({name: says("42") for name in ("m1", "m2", "m3")})
    answer = await Debate()(run)
    assert (answer.text, answer.how) == ("42", "3 of 3 agree after debate")
    assert phases(run) == ["open"]
    assert len(run.calls) == 3


async def test_it_stops_as_soon_as_nobody_changes() -> None:
    script = {"m1": says("42", "42"), "m2": says("42", "42"), "m3": says("41", "41")}
    run = run_of({**script, "moderator1": [json.dumps({"reason": "r", "answer": "A"})]})
    answer = await Debate(rounds=5)(run)
    assert phases(run) == ["open", "argue"]
    assert answer.text == "42"
    revised = [e.event.result for e in run.events if isinstance(e.event, Revised)]
    assert revised == ["kept"] * 3


async def test_it_goes_on_while_somebody_changes_and_no_longer_than_its_rounds() -> None:
    script = {"m1": says("1", "2", "3", "4"), "m2": says("5", "6", "7", "8")}
    run = run_of({**script, "moderator1": [json.dumps({"reason": "r", "answer": "B"})]}, members=2)
    answer = await Debate(rounds=3)(run)
    assert phases(run) == ["open", "argue", "argue", "argue"]
    assert answer.how == "the moderator decided: members did not agree"
    assert answer.text == "8"
    assert [d.answer for d in answer.dissent] == ["4"]


async def test_without_its_moderator_the_leader_stands() -> None:
    script = {"m1": says("1", "1"), "m2": says("2", "2")}
    run = run_of({**script, "moderator1": [ProviderError("gone")]}, members=2)
    answer = await Debate()(run)
    assert answer.text in ("1", "2")
    assert any("gone" in missing for missing in answer.missing)
    assert answer.how == "most votes: members did not agree, and the moderator said nothing"


async def test_a_moderator_that_mostly_chose_wrong_answers_is_not_asked() -> None:
    script = {"m1": says("1", "1"), "m2": says("2", "2")}
    run = run_of({**script, "moderator1": [json.dumps({"reason": "r", "answer": "B"})]}, members=2)
    doubt = Choices(n=30, right=3, low=0.03, high=0.26).doubt("moderator")
    answer = await Debate(doubt=doubt)(run)
    assert not any(name.startswith("moderator") for name, _ in run.calls)
    assert answer.how is not None
    assert "the moderator may not decide: you found 3 of the 30 answers right" in answer.how


async def test_members_read_the_others_words_and_not_their_own() -> None:
    script = {"m1": says("41", "42"), "m2": says("42", "42"), "m3": says("42", "42")}
    run = run_of(script)
    assert (await Debate()(run)).text == "42"
    told = [call.messages[-1].text for name, call in run.calls if name == "m1"][1]
    assert "42" in told
    assert "- 41" not in told
