from dataclasses import dataclass
from decimal import Decimal

import pytest

from manyminds.agents.member import Thread, open_thread, work
from manyminds.core.errors import BudgetExceeded, ManymindsError, ProviderError
from manyminds.core.messages import Reply, ToolCall, ToolResult, ToolSpec
from manyminds.core.values import Evidence, Member, Spend, Task
from manyminds.testing import ScriptedRun, act, final, passage

pytestmark = pytest.mark.anyio
ME = Member(name="m1", way="compute", model="scripted:model")


class Slow:
    """A tool that the time for work does not suffice for."""

    spec = ToolSpec(name="slow", description="slow", parameters={"type": "object"})

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        raise BudgetExceeded("seconds", allowed=Decimal(1), spent=Decimal(1))


def run_of(*lines: str | Reply | ManymindsError, native: bool = False) -> ScriptedRun:
    task = Task(prompt="What is 6 * 7?")
    return ScriptedRun(task=task, script={"m1": list(lines)}, native_tools=native)


def thread_of(run: ScriptedRun) -> Thread:
    return open_thread(run, ME, temperature=0.0)


def last_words(run: ScriptedRun) -> str:
    said = run.calls[-1][1].messages[-1]
    return said.text


async def test_a_tool_result_comes_back_fenced_and_as_evidence() -> None:
    run = run_of(act("calculate", expression="6*7"), final("42"))
    draft = await work(run, thread_of(run))
    assert draft.answer == "42"
    assert [(e.id, e.request, e.output) for e in draft.evidence] == [("e1", "6*7", "42")]
    assert '<data from="calculate">\n42\n</data>' in last_words(run)


async def test_a_call_made_again_ends_the_work() -> None:
    again = act("calculate", expression="6*7")
    run = run_of(again, again, final("42"))
    assert (await work(run, thread_of(run))).answer == "42"
    assert run.calls[-1][1].schema is not None
    assert "anyOf" not in run.calls[-1][1].schema
    assert "Stop working" in last_words(run)


async def test_a_call_that_failed_gets_one_other_try_first() -> None:
    bad = act("calculate", expression="six times seven")
    run = run_of(bad, bad, final("42"))
    await work(run, thread_of(run))
    assert "anyOf" in (run.calls[-1][1].schema or {})
    assert "another way" in last_words(run)


async def test_a_call_that_failed_and_is_insisted_on_ends_the_work() -> None:
    bad = act("calculate", expression="six times seven")
    run = run_of(bad, bad, bad, final("42"))
    await work(run, thread_of(run))
    assert "Stop working" in last_words(run)
    said = [m.text for m in run.calls[-1][1].messages]
    assert not any("You have this result already" in text for text in said)


async def test_out_of_time_in_a_tool_it_still_answers() -> None:
    run = run_of(act("slow"), final("42"))
    run.with_tools = [Slow()]
    assert (await work(run, thread_of(run))).answer == "42"


async def test_every_call_has_a_result_when_the_budget_ends_among_them() -> None:
    calls = (
        ToolCall(id="c1", name="calculate", arguments={"expression": "6*7"}),
        ToolCall(id="c2", name="slow", arguments={}),
        ToolCall(id="c3", name="calculate", arguments={"expression": "1+1"}),
    )
    run = run_of(
        Reply(text="", calls=calls, spend=Spend(), finish="tools"),
        Reply(text="42", spend=Spend(), finish="stop"),
        native=True,
    )
    run.with_tools = [*run.with_tools, Slow()]
    assert (await work(run, thread_of(run))).answer == "42"
    results = [m for m in run.calls[-1][1].messages if isinstance(m, ToolResult)]
    assert [m.call_id for m in results] == ["c1", "c2", "c3"]
    assert "Not made" in results[2].text


async def test_what_it_may_no_longer_see_it_may_look_up_again() -> None:
    run = run_of()
    thread = thread_of(run)
    call = ToolCall(id="c1", name="calculate", arguments={"expression": "6*7"})
    thread.remember(call, worked=True)
    thread.evidence.append(passage("The sky is blue.", source="a"))
    assert thread.made_before(call)
    assert thread.has_read(thread.evidence)
    thread.forget()
    assert thread.made_before(call) is None
    assert not thread.has_read(thread.evidence)
    assert len(thread.evidence) == 1


async def test_what_failed_may_be_tried_again_after_something_else() -> None:
    bad, good = act("calculate", expression="x"), act("calculate", expression="1+1")
    run = run_of(bad, good, bad, final("42"))
    await work(run, thread_of(run))
    assert "unknown name" in last_words(run)


async def test_a_stumble_warms_the_next_try() -> None:
    run = run_of("not json", act("calculate", expression="x"), final("42"))
    await work(run, thread_of(run))
    assert [call.temperature for _, call in run.calls] == [0.0, 0.3, 0.6]


async def test_a_reply_cut_by_length_is_never_an_answer() -> None:
    cut = Reply(text=final("41"), finish="length", spend=Spend())
    run = run_of(cut, final("42"))
    assert (await work(run, thread_of(run))).answer == "42"


async def test_who_cannot_be_read_three_times_is_given_up() -> None:
    run = run_of("a", "b", "c", final("42"))
    with pytest.raises(ProviderError, match="no readable answer"):
        await work(run, thread_of(run))


async def test_the_last_turn_must_answer() -> None:
    calls = [act("calculate", expression=f"{n}+1") for n in range(9)]
    run = run_of(*calls)
    with pytest.raises(ProviderError):
        await work(run, thread_of(run), turns=3)
    assert len(run.calls) == 3
    assert "Stop working" in last_words(run)


async def test_out_of_budget_it_answers_from_the_reserve() -> None:
    refused = BudgetExceeded("tokens", allowed=Decimal(1), spent=Decimal(1))
    run = run_of(refused, final("42"))
    assert (await work(run, thread_of(run))).answer == "42"
    assert [call.purpose for _, call in run.calls] == ["work", "finish"]


async def test_native_tools_are_offered_where_they_work_and_text_is_an_answer() -> None:
    call = ToolCall(id="c1", name="calculate", arguments={"expression": "6*7"})
    asks = Reply(text="", calls=(call,), finish="tools", spend=Spend())
    run = run_of(asks, Reply(text="It is 42.", finish="stop", spend=Spend()), native=True)
    draft = await work(run, thread_of(run))
    assert draft.answer == "It is 42."
    assert {tool.name for tool in run.calls[0][1].tools} == {"calculate", "answer"}
    assert run.calls[0][1].schema is None


async def test_an_answer_call_brings_claims_and_doubts() -> None:
    fields = {"answer": "42", "reason": "r", "confidence": 90, "claims": ["6*7=42"], "would_change": "a recount"}  # fmt: skip
    call = ToolCall(id="c1", name="answer", arguments=fields)  # pyright: ignore[reportArgumentType]
    run = run_of(Reply(text="", calls=(call,), finish="tools", spend=Spend()), native=True)
    draft = await work(run, thread_of(run))
    assert (draft.confidence, draft.would_change) == (0.9, "a recount")
    assert [(c.text, c.support) for c in draft.claims] == [("6*7=42", "unsure")]


async def test_all_members_share_the_first_words_to_the_letter() -> None:
    run = run_of()
    other = Member(name="m2", way="refute", model="scripted:model")
    mine, theirs = thread_of(run), open_thread(run, other, temperature=0.7)
    assert mine.messages[0] == theirs.messages[0]
    assert mine.messages[1] == theirs.messages[1]
    assert mine.messages[2] != theirs.messages[2]


async def test_an_unknown_tool_names_the_nearest() -> None:
    run = run_of(act("calculator", expression="6*7"), final("42"))
    await work(run, thread_of(run))
    assert "did you mean 'calculate'" in last_words(run)


@dataclass(frozen=True, kw_only=True)
class OnePage:
    """A library of one page: every search finds it."""

    spec = ToolSpec(
        name="search_docs",
        description="find passages",
        parameters={
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
        },
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        page = Evidence(
            id="", tool="search_docs", request=str(call.arguments["query"]),
            output="The pump is blue.", source="pump.txt", start=0, end=17,
        )  # fmt: skip
        return (page,)


def run_with_docs(*lines: str) -> ScriptedRun:
    task = Task(prompt="What colour is the pump?")
    return ScriptedRun(task=task, script={"m1": list(lines)}, with_tools=[OnePage()])


async def test_the_documents_are_searched_before_the_first_request() -> None:
    run = run_with_docs(final("blue"))
    draft = await work(run, thread_of(run))
    assert [e.request for e in draft.evidence] == ["What colour is the pump?"]
    shown = [m.text for m in run.calls[0][1].messages]
    assert "The pump is blue." in shown[2]
    assert shown[3].startswith("Your way")


async def test_a_search_that_finds_nothing_new_says_so_and_the_second_ends_the_work() -> None:
    again, other = act("search_docs", query="pump colour"), act("search_docs", query="colour")
    run = run_with_docs(again, other, final("blue"))
    await work(run, thread_of(run))
    assert "Only passages that you have" in run.calls[1][1].messages[-1].text
    assert "Stop working" in last_words(run)


async def test_a_search_that_brought_nothing_new_is_not_made_again() -> None:
    asked = act("search_docs", query="other words")
    run = run_with_docs(asked, asked, final("blue"))
    await work(run, thread_of(run))
    made = [r.event for r in run.events if r.event.kind == "tool_called"]
    assert len(made) == 2  # what is looked up for it before it begins, and its own


async def test_a_conversation_goes_on_with_another_model_at_every_turn() -> None:
    calls = [ToolCall(id=f"c{n}", name="calculate", arguments={"expression": f"6*{n}"}) for n in range(4)]  # fmt: skip
    native = [Reply(text="", calls=(c,), finish="tools", spend=Spend()) for c in calls]
    run = run_of(native[0], native[1], native=True)
    thread = thread_of(run)
    with pytest.raises(ProviderError):
        await work(run, thread, turns=3)
    shown = [m.text for m in thread.messages]
    run.native_tools = False
    thread.switch(run, "scripted:small")
    assert thread.member.model == "scripted:small"
    assert thread.messages[0].text != shown[0]
    after = "\n".join(m.text for m in thread.messages)
    for text in shown[1:]:
        assert text in after
    assert after.count("Result of calculate") == 2
    assert '{"action": "calculate", "expression": "6*1"}' in after
    run.native_tools = True
    thread.switch(run, "scripted:model")
    assert len(thread.messages) == len(shown)


async def test_a_tool_that_is_not_the_member_s_is_refused() -> None:
    run = run_of(act("calculate", expression="6*7"), final("42"))
    thread = open_thread(run, ME, temperature=0.0, allowed=())
    draft = await work(run, thread)
    assert draft.evidence == ()
    assert "m1 may not use calculate" in run.calls[-1][1].messages[-1].text
