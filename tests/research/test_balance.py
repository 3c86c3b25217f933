"""Who says what a report states: by site, copies counted once."""

from dataclasses import replace

from manyminds.core.values import Answer, Citation, Plan, Report, Section, Statement
from manyminds.research.balance import Share, balance_of
from manyminds.research.markdown import as_markdown
from manyminds.research.page import as_page
from manyminds.research.paper import Paper
from manyminds.strategies.findings import deliver
from tests.research.test_sides import desk

PAGES = (
    "https://a.example/1",
    "https://a.example/2",
    "https://b.example/x",
    "https://copy.example/1",
)


def citation(source: str) -> Citation:
    return Citation(source=source, quote="q", start=0, end=1, support="supported")


def stated(*of: tuple[int, ...], said_by: str | None = None) -> tuple[Answer, Report]:
    """Return an answer whose statements stand on these of the pages."""
    statements = tuple(
        Statement(text=f"s{n}", support="supported", citations=places, said_by=said_by)
        for n, places in enumerate(of)
    )
    report = Report(
        plan=Plan(goal="", parts=()), sections=(Section(title="t", statements=statements),),
        copies=((PAGES[0], PAGES[3]),),
    )  # fmt: skip
    answer = Answer(
        outcome="answered", text="s0", canonical="s0", confidence=None,
        citations=tuple(map(citation, PAGES)), report=report,
    )  # fmt: skip
    return answer, report


def test_pages_of_a_site_and_copies_of_a_page_are_one_voice() -> None:
    balance = balance_of(*stated((0, 3), (1,), (2, 0)))
    assert balance.shares == (
        Share(
            site="a.example",
            pages=2,
            statements=3,
            alone=2,
            opinions=0,
            copied_by=("copy.example",),
        ),
        Share(site="b.example", pages=1, statements=1, alone=0, opinions=0),
    )
    assert balance.lines == (
        "2 of 3 statements stand on a.example alone",
        "a.example: 3 statements, 2 pages; the same words on copy.example",
        "b.example: 1 statement, 1 page",
    )


def test_what_stands_on_two_sites_is_not_one_sided() -> None:
    lines = balance_of(*stated((0, 2), (0, 2), (1, 2))).lines
    assert not any("alone" in line for line in lines)


def test_the_copy_that_is_cited_is_counted_and_no_other() -> None:
    answer, report = stated((3,))
    cited = replace(
        answer, citations=(*answer.citations[1:3], answer.citations[2], answer.citations[3])
    )
    [share] = balance_of(cited, report).shares
    assert (share.site, share.copied_by) == ("copy.example", ("a.example",))


def test_where_several_do_the_talking_nobody_is_warned_of() -> None:
    lines = balance_of(*stated((1,), (2,), (2,), (1,), said_by="B")).lines
    assert lines == (
        "a.example: 2 statements, 2 opinions among them, 1 page; the same words on copy.example",
        "b.example: 2 statements, 2 opinions among them, 1 page",
    )
    answer, report = stated()
    assert balance_of(answer, report).lines == ()


def test_a_program_is_no_side() -> None:
    answer, report = stated((0,))
    answer = replace(answer, citations=(citation("program://e1"),))
    assert balance_of(answer, report).shares == ()


def test_three_camps_are_in_every_form_of_the_report() -> None:
    answer = deliver(desk(), None)
    assert answer.report is not None
    paper = Paper(question="Should it go?", answer=answer, report=answer.report, receipt=())
    camps = [
        f"{camp}.example: 1 statement, 1 opinion among them, 1 page"
        for camp in ("farmers", "anglers", "engineers")
    ]
    assert sorted(paper.balance) == sorted(camps)
    assert "<h2>Balance of sources</h2>" in as_page(paper)
    assert "## Balance of sources" in as_markdown(paper)
