"""The stretch of a source that a claim stands in, to the letter."""

from manyminds.judging.citing.spans import best_spans, spans_of
from manyminds.testing import passage

PAGE = """# The os module

The function `os.getlogin()` returns the name of the user. It was added in Python 3.3,
and it raises OSError where there is no terminal. See e.g. the manual of login.

- os.cpu_count() returns the number of CPUs.
- os.sched_yield() gives up the CPU.

| name | since |
| --- | --- |
| os.eventfd | 3.10 |
"""


def test_sentences_stand_where_they_are_said_to_stand() -> None:
    page = passage(PAGE, source="os.html")
    spans = spans_of(page)
    assert all(PAGE[s.start : s.end] == s.quote for s in spans)
    quotes = [s.quote for s in spans]
    assert "The function `os.getlogin()` returns the name of the user." in quotes
    assert "See e.g. the manual of login." in quotes
    assert "- os.cpu_count() returns the number of CPUs." in quotes


def test_a_sentence_that_wraps_is_one() -> None:
    quotes = [s.quote for s in spans_of(passage(PAGE, source="os.html"))]
    assert any(q.startswith("It was added") and q.endswith("no terminal.") for q in quotes)


def test_offsets_count_in_the_whole_text_not_in_the_passage() -> None:
    whole = "Something before.\n" + PAGE
    at = whole.index("- os.cpu_count")
    from dataclasses import replace

    part = replace(passage(whole[at:], source="os.html"), start=at)
    span = best_spans("os.cpu_count returns the number of CPUs", [part])[0]
    assert (
        whole[span.start : span.end] == span.quote == "- os.cpu_count() returns the number of CPUs."
    )


def test_numbers_weigh_more_than_words() -> None:
    one = passage("The limit of the queue is 512 items.", source="a")
    other = passage("The limit of the queue of items is what it is.", source="b")
    best = best_spans("The queue has a limit of 512 items", [other, one])
    assert best[0].source == "a"


def test_one_span_of_each_source() -> None:
    twice = passage("Blue is a colour. Blue is a colour of the sky.", source="a")
    again = passage("The sky is blue.", source="b")
    assert [s.source for s in best_spans("the sky is blue", [twice, again])] == ["b", "a"]


def test_what_was_computed_is_no_source() -> None:
    from manyminds.core.values import Evidence

    printed = Evidence(id="e1", tool="python", request="1", output="The sky is blue")
    assert best_spans("The sky is blue", [printed]) == []
