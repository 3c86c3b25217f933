"""What is delivered: nothing that was said in other words by nobody, and nothing twice."""

import asyncio
from dataclasses import replace

from manyminds.agents.lead import Outline
from manyminds.agents.member import Draft
from manyminds.core.values import Claim, Evidence, Member, Part, Plan, Task
from manyminds.judging.citing.support import cite
from manyminds.research.markdown import as_markdown
from manyminds.research.page import as_page
from manyminds.research.paper import Paper
from manyminds.strategies.findings import Desk, Finding, deliver, merge_same
from manyminds.testing import ScriptedRun, passage

WORKER = Member(name="w1", way="research", model="scripted:model")


def finding(number: int, read: list[Evidence], *claims: str, answer: str = "x") -> Finding:
    found = Finding(number=number, part=Part(question=f"Part {number}?", query="x"))
    found.draft = Draft(
        member=replace(WORKER, name=f"w{number}"), answer=answer, reason="", confidence=None,
        claims=tuple(Claim(text=c, support="unsure") for c in claims), evidence=tuple(read),
        would_change=None,
    )  # fmt: skip
    found.look(read)
    return found


def desk(read: list[Evidence], *findings: Finding) -> Desk:
    run = ScriptedRun(task=Task(prompt="What is it like?"), script={})
    return Desk(run=run, plan=Plan(goal="", parts=()), findings=list(findings), evidence=read)


def headline(read: list[Evidence], said: str, *findings: Finding) -> str | None:
    return deliver(desk(read, *findings), Outline(answer=said, sections=(("All", (0, 1)),))).text


def test_a_false_claim_of_the_same_words_keeps_nothing_of_a_true_one() -> None:
    read = [passage("The large pump of Ghent drives the small mill of Bruges.", source="a")]
    true = finding(1, read, "The large pump of Ghent drives the small mill of Bruges")
    false = finding(2, read, "The small mill of Bruges drives the large pump of Ghent")
    merge_same([true, false])
    assert [len(f.cited) for f in (true, false)] == [1, 1]
    assert true.cited[0].by
    assert not false.cited[0].by


def test_the_same_claim_stands_once_and_the_part_that_said_it_is_not_silent() -> None:
    one = passage("The blue filter is washed monthly.", source="a")
    two = passage("Known since: it is old. The blue filter is washed monthly.", source="b")
    first = finding(1, [one], "The blue filter is washed monthly", answer="washed monthly")
    second = finding(2, [two], "The blue filter is washed monthly", answer="washed monthly")
    answer = deliver(desk([one, two], first, second), None)
    assert [len(f.cited) for f in (first, second)] == [1, 0]
    assert [s.source for s in first.cited[0].by] == ["a", "b"]
    assert answer.missing == ()
    assert answer.outcome == "answered"


def test_what_is_merged_once_is_merged_to_the_end_and_no_place_is_lost() -> None:
    read = [passage("Alpha opened a red plant near Rome harbour.", source="a")]
    said = "Alpha opened a red plant near Rome harbour"
    findings = [finding(n, read, said, f"{said} in {n}") for n in range(1, 4)]
    merge_same(findings)
    counts = [len(f.cited) for f in findings]
    merge_same(findings)
    assert [len(f.cited) for f in findings] == counts
    order = Outline(answer="x", sections=(("All", (0, 1, 2, 7)),))
    report = deliver(desk(read, *findings), order).report
    assert report is not None
    assert [s.text for s in report.sections[0].statements] == [said]


READ = [
    passage("The blue filter was sold in 1998 in Ghent.", source="a"),
    passage("The red valve was sold in 2004 in Bruges.", source="b"),
]


def parts() -> tuple[Finding, Finding]:
    return (
        finding(1, READ, "The blue filter was sold in 1998 in Ghent"),
        finding(2, READ, "The red valve was sold in 2004 in Bruges"),
    )


def test_a_headline_is_made_of_statements_or_is_a_bare_answer_in_one() -> None:
    said = "The red valve was sold in 2004 in Bruges. The blue filter was sold in 1998 in Ghent."
    assert headline(READ, said, *parts()) == said
    assert headline(READ, "2004 in Bruges", *parts()) == "2004 in Bruges"


def test_who_did_what_is_not_put_together_anew() -> None:
    for said in (
        "The blue filter was sold in 2004, and the red valve was sold in 1998.",
        "The blue filter was not sold in 1998 in Ghent.",
        "The blue filter was sold in 1998 in Bruges.",
        "The blue filter was bought in 1998 in Ghent.",
        "In 1950, the blue filter was sold in 1998 in Ghent.",
        "1998 in Bruges",
    ):
        text = headline(READ, said, *parts())
        assert text is not None
        assert said not in text
        assert "The blue filter was sold in 1998 in Ghent" in text


def test_what_nobody_could_tell_is_no_answer() -> None:
    answer = deliver(desk(READ, finding(1, READ, answer="cannot be determined")), None)
    assert (answer.outcome, answer.text, answer.confidence) == ("none", None, None)
    assert answer.missing[0] == "none of the 2 sources that were read answers this"


def test_what_stands_beside_the_question_is_no_answer() -> None:
    read = [passage("The red valve was sold in 2004 in Bruges.", source="a")]
    said = "The red valve was sold in 2004 in Bruges"
    beside = deliver(desk(read, finding(1, read, said, answer="1998")), None)
    assert (beside.outcome, beside.text, beside.confidence) == ("partial", said, None)
    assert beside.dissent[0].answer == "1998"
    answer = deliver(desk(read, finding(1, read, said, answer="in 2004")), None)
    assert (answer.outcome, answer.text) == ("answered", "in 2004")


def test_what_no_judge_could_be_asked_of_is_told() -> None:
    read = [passage("Washing the blue filter is due monthly.", source="a")]
    answer = deliver(desk(read, finding(1, read, "The blue filter has to be washed monthly")), None)
    assert "not every claim was checked: the run was ended before" in answer.missing


def test_what_sources_say_otherwise_is_told_with_their_passages() -> None:
    text = "The bridge of Graz was opened in 1931 and is 120 metres long."
    read = [passage(text, source="https://town.example/bridge")]
    wrong = finding(1, read, "The bridge of Graz was opened in 1952", answer="1952")
    made = desk(read, wrong)
    [cited] = wrong.cited
    run = ScriptedRun(task=made.run.task, script={"w1": ['{"verdict": "contradicted"}']})
    asyncio.run(cite(run, WORKER, [cited]))
    assert "sources say otherwise: The bridge of Graz was opened in 1952" in made.told()
    answer = deliver(made, None)
    report = answer.report
    assert report is not None
    assert report.unsupported == ()
    [denied] = report.contradicted
    assert denied.text == "The bridge of Graz was opened in 1952"
    assert [answer.citations[place].quote for place in denied.citations] == [text]
    assert [answer.citations[place].support for place in denied.citations] == ["contradicted"]
    assert answer.evidence[0].source == "https://town.example/bridge"
    assert "Part 1?: sources say otherwise than its worker" in answer.missing
    paper = Paper(question="?", answer=answer, report=report, receipt=())
    for shown in (as_page(paper), as_markdown(paper)):
        assert "sources say otherwise" in shown
        assert "120 metres long" in shown


def test_an_opinion_in_the_headline_is_somebodys() -> None:
    said = "We think that the old dam of Bruges should stay for ever."
    read = [replace(passage(said, source="https://farmers.example/dam"), author="Ada Keeper")]
    whole = finding(1, read, said.rstrip("."), answer=said)
    answer = deliver(desk(read, whole), None)
    assert (answer.text or "").startswith("According to Ada Keeper: ")
    asked = headline(read, said, finding(1, read, said.rstrip(".")))
    assert (asked or "").startswith("According to Ada Keeper: ")
