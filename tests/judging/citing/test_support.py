"""Claims held against passages: by letter, then by a judge who sees nothing else."""

import asyncio
import json
from dataclasses import replace

import pytest

from manyminds.core.values import Evidence, Member, Task
from manyminds.judging.citing.spans import Span
from manyminds.judging.citing.support import Cited, cite, look_near, missing_from, plainly_said
from manyminds.testing import ScriptedRun, passage

JUDGE = Member(name="citer1", way="direct", model="scripted:model")


def held(claim: str, *texts: str, verdicts: list[str] | None = None) -> tuple[Cited, ScriptedRun]:
    script = {} if verdicts is None else {"citer1": [json.dumps({"verdict": v}) for v in verdicts]}
    run = ScriptedRun(task=Task(prompt="?"), script=script)
    read: list[Evidence] = [passage(t, source=f"s{n}") for n, t in enumerate(texts)]
    cited = Cited(claim=claim)
    look_near(cited, read)
    asyncio.run(cite(run, JUDGE, [cited]))
    return cited, run


def span(quote: str) -> Span:
    return Span(evidence=passage(quote, source="s"), start=0, quote=quote)


def test_the_same_words_need_no_judge() -> None:
    cited, run = held("The filter is blue and large", "It is old. The filter was blue, and large.")
    assert cited.support == "supported"
    assert cited.by[0].quote == "The filter was blue, and large."
    assert run.calls == []


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The filter is blue and large", "The filter is not blue and large."),
        ("The limit is 12 of 20 items", "The limit is 20 of 12 items"),
        ("It is blue", "It is blue"),
        ("Obama won the marathon in 1935", "Obama's brother won the marathon in 1935."),
        ("The Obama family won the lottery", "Neighbours of the Obama family won the lottery."),
        ("The tower is 300 metres tall", "The tower is 300 metres tall, a hoax said."),
        ("The low was 5 degrees in May", "The low was -5 degrees in May."),
        ("It grew by 5 in March 2020", "It grew by 5 million in March 2020."),
        ("It grew by 5% in March 2020", "It grew by 5 dollars in March 2020."),
        ("It has 35 square kilometres", "It has 3,5 square kilometres."),
    ],
)  # fmt: skip
def test_denials_other_orders_and_few_words_are_not_plain(claim: str, quote: str) -> None:
    assert not plainly_said(claim, quote)


def test_a_judge_decides_what_the_letter_does_not() -> None:
    text = "Washing the blue filter is due each month."
    cited, run = held("The blue filter has to be washed each month", text, verdicts=["supported"])
    assert cited.support == "supported"
    assert text in str(run.calls[0][1].messages[0])


def test_no_judge_can_put_a_number_into_a_source() -> None:
    text = "Washing the blue filter is due each month, at 30 degrees."
    claim = "The blue filter has to be washed each month at 60 degrees"
    cited, _ = held(claim, text, verdicts=["supported"])
    assert cited.support == "unsure"
    assert cited.by == []


def test_another_number_contradicts_where_the_judge_says_so() -> None:
    text = "The blue filter has to be washed at 30 degrees."
    cited, _ = held("The blue filter is washed at 60 degrees", text, verdicts=["contradicted"])
    assert cited.support == "contradicted"
    assert cited.against[0].quote == text


def test_a_contradiction_that_the_letter_does_not_show_is_none() -> None:
    text = "Washing of the blue filter happens each month."
    cited, _ = held("The blue filter is washed each month", text, verdicts=["contradicted"])
    assert cited.support == "unsure"


def test_a_judge_that_cannot_be_read_is_unsure() -> None:
    cited, _ = held("The blue filter is washed monthly", "Each month the blue filter: wash it!")
    assert cited.support == "unsure"


def test_names_and_numbers_that_are_missing() -> None:
    assert missing_from("In 1999 `os.fork` was slow", span("`os.fork` was slow in 1998")) == {
        "1999"
    }
    assert missing_from("it is done by sys.exit", span("it is done by exit")) == {"sys.exit"}
    assert missing_from("1,000 items", span("up to 1000 items")) == set()


def test_a_passage_about_something_else_costs_nothing() -> None:
    cited, run = held("The blue filter is washed at 60 degrees", "Bananas are yellow and sweet.")
    assert cited.support == "unsure"
    assert run.calls == []


def test_words_put_together_from_several_sentences_are_not_plain() -> None:
    quote = "The filter is blue. The valve of the pump is washed. It is large."
    assert not plainly_said("The filter is washed large", quote)
    assert plainly_said("The valve of the pump is washed", quote)


@pytest.mark.parametrize(
    "quote",
    [
        "It is a myth that the blue filter is washed monthly.",
        "The blue filter was planned to be washed monthly.",
        "If it rains, the blue filter is washed monthly.",
    ],
)
def test_a_sentence_that_turns_what_it_says_is_not_plain(quote: str) -> None:
    assert not plainly_said("The blue filter is washed monthly", quote)


def test_an_address_holds_no_numbers_and_no_parts_of_words() -> None:
    paper = passage(
        "The blue filter is washed because it is old.", source="http://a/2031.pdf#page=30"
    )
    stretch = Span(evidence=paper, start=0, quote=paper.output)
    assert missing_from("The filter was washed 30 times", stretch) == {"30"}
    assert missing_from("The filter in 2031, says the US, was washed", stretch) == {"2031", "US"}


def test_a_title_alone_says_nothing() -> None:
    page = replace(
        passage("It was sold on Monday.", source="s"), title="How the blue filter is washed monthly"
    )
    cited = Cited(claim="The blue filter is washed monthly")
    look_near(cited, [page])
    assert (cited.by, cited.near) == ([], [])


def test_what_stood_nowhere_is_looked_for_again_when_more_was_read() -> None:
    cited, run = held(
        "The blue filter is washed monthly", "The blue filter is washed.", verdicts=["no"]
    )
    assert not cited.by
    more = passage("The blue filter is washed monthly.", source="later")
    look_near(cited, [passage("The blue filter is washed.", source="s0"), more])
    assert [s.source for s in cited.by] == ["later"]
    assert cited.near == []
    assert len(run.calls) == 1


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (
            "This version of SQLite introduced window functions",
            "NotSupportedError: if used with a version of SQLite older than 3.25.0, which does not "
            "support window functions.",
        ),
        ("The default port of the server is 5432", "The default port of the server is open. TLS 1.3 helps."),
        ("The server listens on port 5432", "The server listens on port 5432 since 9.1."),
    ],
)  # fmt: skip
def test_what_is_said_beside_a_claim_does_not_contradict_it(claim: str, text: str) -> None:
    cited, _ = held(claim, f"{text} It is so.", verdicts=["contradicted"])
    assert cited.against == []


def test_a_denial_contradicts() -> None:
    text = "The blue filter is never washed in the winter months, says the maker."
    cited, _ = held(
        "The blue filter is washed in the winter months", text, verdicts=["contradicted"]
    )
    assert cited.support == "contradicted"


def test_copies_leave_room_for_who_says_otherwise_in_words_of_its_own() -> None:
    copy = "The tower of Vigo is 310 metres high."
    other = "Vigo's tower reaches a height of 130 metres, as its builder says."
    cited, run = held(copy.rstrip("."), copy, copy, copy, other, verdicts=["contradicted"])
    assert len(cited.by) == 3
    assert [span.quote for span in cited.against] == [other]
    assert len(run.calls) == 1
