"""What a member keeps of long work."""

from itertools import count, pairwise

import pytest

from manyminds.agents.member import open_thread, work
from manyminds.agents.memory import KEPT, compacted, note_of, size_of
from manyminds.core.messages import Message, Reply, Said, ToolCall, ToolResult, Turn
from manyminds.core.protocols import Abilities
from manyminds.core.values import Member, Spend, Task
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio
WORKER = Member(name="w1", way="research", model="scripted:model")
FACT = "Station {0} measured {1} millimetres of rain."


class Small(ScriptedRun):
    """A run whose model reads little, and that says what a function says."""

    def abilities(self, member: Member) -> Abilities:
        return Abilities(json_schema=True, tools=True, output_tokens=500, context_tokens=2_500)


def calls(name: str, **arguments: str) -> Reply:
    made = ToolCall(id=f"c{next(_ids)}", name=name, arguments=dict(arguments))
    return Reply(text="", calls=(made,), finish="stop", spend=Spend(tokens_in=1, tokens_out=1))


_ids = count()


async def test_notes_of_a_hundred_turns_are_all_there_in_the_end() -> None:
    facts = [FACT.format(n, 7 * n + 3) for n in range(50)]
    script: list[Reply] = []
    for n, fact in enumerate(facts):
        script += [calls("note", fact=fact), calls("calculate", expression=f"{n} * 7 + 3")]
    script.append(calls("answer", answer="done", reason="r", confidence="90"))
    run = Small(
        task=Task(prompt="Which station measured most?"), script={"w1": script}, native_tools=True
    )
    thread = open_thread(run, WORKER, temperature=0.0)
    thread.notes = []
    await work(run, thread, turns=101)
    last = "\n".join(str(m.text) for m in run.calls[-1][1].messages)
    assert sum(fact in last for fact in facts) / len(facts) >= 0.95
    assert len(run.calls) == 101
    sizes = [size_of(call.messages) for _, call in run.calls]
    assert max(sizes) < 2_500 * 4
    assert sum(after < before for before, after in pairwise(sizes)) >= 3  # it was cut, and again


def long_talk(turns: int) -> list[Message]:
    talk: list[Message] = [Said(role="system", text="s"), Said(role="user", text="q")]
    for n in range(turns):
        call = ToolCall(id=f"c{n}", name="search_web", arguments={"query": f"rain {n}"})
        talk += [
            Turn(text="", calls=(call,)),
            ToolResult(call_id=f"c{n}", name="search_web", text="r" * 900),
        ]
    return talk


def test_a_short_talk_is_left_alone() -> None:
    assert compacted(long_talk(2), [], begins=2, room=10_000) is None


def test_a_result_keeps_the_call_it_answers() -> None:
    shorter = compacted(long_talk(40), ["a fact"], begins=2, room=5_000)
    assert shorter is not None
    assert [m.text for m in shorter[:2]] == ["s", "q"]
    assert "a fact" in shorter[2].text
    assert 'search_web {"query": "rain 20"}' in shorter[2].text
    asked = {call.id for m in shorter if isinstance(m, Turn) for call in m.calls}
    answered = {m.call_id for m in shorter if isinstance(m, ToolResult)}
    assert asked == answered
    assert len(shorter) <= KEPT + 4


def test_what_was_left_out_before_is_still_told() -> None:
    once = compacted(long_talk(20), ["one"], begins=2, room=5_000)
    assert once is not None
    more = [*once, *long_talk(20)[2:]]
    twice = compacted(more, ["one", "two"], begins=2, room=5_000)
    assert twice is not None
    assert 'rain 3"' in twice[2].text
    assert sum("Your notes so far" in m.text for m in twice) == 1


def test_a_note_without_a_fact_is_none() -> None:
    assert note_of(ToolCall(id="1", name="note", arguments={})) is None
    assert note_of(ToolCall(id="1", name="note", arguments={"fact": " a  b "})) == "a b"


def test_the_size_counts_calls() -> None:
    call = ToolCall(id="1", name="x", arguments={"a": "b" * 100})
    assert size_of([Turn(text="", calls=(call,))]) > 100


def test_how_to_work_and_what_the_person_adds_is_never_left_out() -> None:
    talk = long_talk(20)
    talk[2:2] = [Said(role="user", text="work by hand")]
    talk[9:9] = [Said(role="user", text="in litres"), Said(role="user", text="else")]
    shorter = compacted(talk, [], begins=2, room=5_000, stays=["work by hand", "in litres"])
    assert shorter is not None
    assert [m.text for m in shorter[2:4]] == ["work by hand", "in litres"]
    assert not any(m.text == "else" for m in shorter)
