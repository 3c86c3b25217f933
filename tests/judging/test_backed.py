import pytest

from manyminds.core.values import Candidate, Evidence, Task
from manyminds.judging.backed import Backed
from manyminds.judging.canonical import canonicalize


def judge(answer: str, *evidence: Evidence, question: str = "?") -> str:
    task = Task(prompt=question)
    form = canonicalize(answer, question=question)
    candidate = Candidate(text=answer, author="m1", canonical=form, evidence=evidence)
    return Backed().judge(task, candidate).outcome


def ran(output: str) -> Evidence:
    return Evidence(id="e1", tool="python", request="print()", output=output)


def passage(text: str) -> Evidence:
    return Evidence(
        id="e2", tool="search_docs", request="q", output=text, source="a.md", start=0, end=9,
        line_start=3, line_end=4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        ("42", "42\n"), ("42", "The result is: 42"), ("42 apples", "total = 42"), ("0.3", "0.30000000000000004"),
        ("4/3", "4/3 = 1.33333333333…"), ("Sunday", "Sunday\n"), ("2, 3, 5", "2\n3\n5\n"), ("2, 3, 5", "[2, 3, 5]"),
        ("yes", "True"),
    ],
)  # fmt: skip
def test_an_answer_that_a_tool_printed_is_accepted(answer: str, output: str) -> None:
    assert judge(answer, ran(output)) == "accepted"


@pytest.mark.parametrize(
    ("answer", "output"), [("41", "42\n"), ("41", "result: 42"), ("no", "True")]
)
def test_an_answer_that_its_own_program_denies_is_rejected(answer: str, output: str) -> None:
    assert judge(answer, ran(output)) == "rejected"


@pytest.mark.parametrize("evidence", [(), (ran("a table\nwith | many 1 2 3 4 numbers"),)])
def test_without_a_plain_result_nothing_is_said(evidence: tuple[Evidence, ...]) -> None:
    assert judge("Anna", *evidence) == "unsure"


def test_a_passage_holds_the_answer_as_whole_words_only() -> None:
    assert judge("Petra Lindqvist", passage("The guardian is Petra Lindqvist.")) == "accepted"
    assert judge("Petra", passage("The petrarch sonnet.")) == "unsure"


def test_what_stands_in_every_passage_proves_nothing() -> None:
    text = "Section 5. Remote work. There is no limit, yes or no."
    assert [judge(answer, passage(text)) for answer in ("5", "No", "yes", "no")] == ["unsure"] * 4


def test_only_the_last_result_of_the_last_program_counts() -> None:
    assert judge("10", ran("10\n11\n12\n")) == "rejected"
    first = Evidence(id="e0", tool="python", request="1", output="41\n")
    assert judge("41", first, ran("42\n")) == "rejected"
    assert judge("42", first, ran("42\n")) == "accepted"


def test_no_answer_is_never_accepted() -> None:
    assert judge("cannot be determined", ran("cannot be determined")) != "accepted"
