"""Contested matters: each camp is cited, opinions are somebody's, and who made the model is not asked."""

import asyncio
from dataclasses import replace

from manyminds.agents.member import Draft
from manyminds.core.values import Claim, Evidence, Member, Part, Plan, Task
from manyminds.judging.citing.support import cite
from manyminds.research.markdown import as_markdown
from manyminds.research.page import as_page
from manyminds.research.paper import Paper
from manyminds.strategies.findings import Desk, Finding, deliver
from manyminds.testing import ScriptedRun, passage

CAMPS = {
    "farmers": "We think the old dam should stay, because it waters the fields of the whole valley.",
    "anglers": "In our view the old dam is the worst thing that ever happened to the salmon.",
    "engineers": "The old dam was built in 1931 and leaks 40 litres a second, we believe it should be rebuilt.",
}


def desk() -> Desk:
    read: list[Evidence] = []
    findings: list[Finding] = []
    run = ScriptedRun(task=Task(prompt="Should the old dam go?"), script={})
    for number, (camp, said) in enumerate(CAMPS.items(), 1):
        page = passage(said, source=f"https://{camp}.example/dam", id_=f"e{number}")
        read.append(replace(page, author=camp.title(), title=f"The dam, by {camp}"))
        finding = Finding(number=number, part=Part(question=f"What do {camp} say?", query=camp))
        finding.draft = Draft(
            member=Member(name=f"w{number}", way="research", model="scripted:model"), answer=said,
            reason="", confidence=None, claims=(Claim(text=said, support="unsure"),),
            evidence=tuple(read), would_change=None,
        )  # fmt: skip
        findings.append(finding)
    made = Desk(run=run, plan=Plan(goal="", parts=()), findings=findings, evidence=read)
    for finding in findings:
        assert finding.draft is not None
        finding.look(read)
        asyncio.run(cite(run, finding.draft.member, finding.cited))
    return made


def test_every_camp_is_cited_and_every_opinion_is_somebodys() -> None:
    answer = deliver(desk(), None)
    assert answer.report is not None
    assert {c.source for c in answer.citations} == {f"https://{camp}.example/dam" for camp in CAMPS}
    said = [s for section in answer.report.sections for s in section.statements]
    assert [s.said_by for s in said] == ["Farmers", "Anglers", "Engineers"]
    paper = Paper(
        question="Should the old dam go?", answer=answer, report=answer.report, receipt=()
    )
    for text in (as_markdown(paper), as_page(paper)):
        assert all(f"According to {camp.title()}: " in text for camp in CAMPS)
