"""Claims held against passages: by letter, then by a judge who sees nothing else."""

import asyncio
import json

import pytest

from manyminds.core.values import Evidence, Member, Task
from manyminds.judging.citing.spans import Span
from manyminds.judging.citing.support import Cited, cite, missing_from, plainly_said
from manyminds.testing import ScriptedRun, passage

JUDGE = Member(name="citer1", way="direct", model="scripted:model")


def held(claim: str, *texts: str, verdicts: list[str] | None = None) -> tuple[Cited, ScriptedRun]:
    script = {} if verdicts is None else {"citer1": [json.dumps({"verdict": v}) for v in verdicts]}
    run = ScriptedRun(task=Task(prompt="?"), script=script)
    read: list[Evidence] = [passage(t, source=f"s{n}") for n, t in enumerate(texts)]
    return asyncio.run(cite(run, JUDGE, [claim], read))[0], run


def span(quote: str) -> Span:
    return Span(evidence=passage(quote, source="s"), start=0, quote=quote)


def test_the_same_words_need_no_judge() -> None:
    cited, run = held("The filter is blue and large", "As said, the filter is blue and very large.")
    assert cited.support == "supported"
    assert cited.by[0].quote == "As said, the filter is blue and very large."
    assert run.calls == []


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The filter is blue and large", "The filter is not blue and large."),
        ("The limit is 12 of 20 items", "The limit is 20 of 12 items"),
        ("It is blue", "It is blue"),
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
