"""Reports in their forms: other people's words stay words, judgements are marked."""

import csv

import pytest

from manyminds.core.values import Answer, Cell, Citation, Completeness, Plan, Report, Table
from manyminds.research.markdown import as_markdown
from manyminds.research.page import as_page
from manyminds.research.paper import Paper
from manyminds.research.sheet import as_csv

ODD = "~~gone~~ &lt;b&gt; | *x* `y` <script>"


def paper(address: str = "https://a.example/x(1)>y", quote: str = ODD) -> Paper:
    cited = Citation(source=address, quote=quote, start=0, end=len(quote), support="supported")
    table = Table(
        columns=("=name", "kind", "year"),
        rows=((
            Cell(text="=1+1", citations=(0,)), Cell(text="birds", why="judged by the model"),
            Cell(text=None, why="its page does not say"),
        ),),
        completeness=Completeness(found=1, believed=None, how="one list"),
    )  # fmt: skip
    report = Report(plan=Plan(goal="", parts=()), table=table)
    answer = Answer(
        outcome="answered", text=ODD, canonical=None, confidence=None, author="lead",
        citations=(cited,), report=report,
    )  # fmt: skip
    return Paper(question=ODD, answer=answer, report=report, receipt=())


def test_markdown_takes_no_words_for_markup() -> None:
    text = as_markdown(paper())
    assert r"\~\~gone\~\~ \&lt;b\&gt; \| \*x\* \`y\` \<script\>" in text
    assert "(<https://a.example/x(1)%3Ey>)" in text
    assert "kind (judged)" in text


def test_a_spreadsheet_runs_nothing_and_says_why_a_cell_is_empty() -> None:
    made = paper()
    assert made.report.table is not None
    head, row = csv.reader(as_csv(made.report.table, made.answer.citations).splitlines())
    assert head == ["'=name", "kind (judged)", "year", "sources", "unknown"]
    assert row == ["'=1+1", "birds", "", "https://a.example/x(1)>y", "year: its page does not say"]


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("Call `run` before the end of it", "before%20the%20end%20of%20it"),
        ("| a | b |\n| the first of all | 2 |", "the%20first%20of%20all"),
        ("`a` | `b`", None),
    ],
)
def test_a_link_looks_for_words_that_stand_on_the_page(quote: str, found: str | None) -> None:
    page = as_page(paper("https://a.example/x", quote))
    wanted = "https://a.example/x" + (f"#:~:text={found}" if found else "")
    assert f'href="{wanted}"' in page


def test_a_file_whose_name_has_a_hash_keeps_it() -> None:
    assert "<code>" not in as_page(paper("C#/notes.md"))
    assert "C#/notes.md" in as_page(paper("C#/notes.md"))
