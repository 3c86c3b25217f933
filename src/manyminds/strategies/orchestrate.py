"""Orchestrate: a lead splits the question, workers look its parts up, gaps are worked again.

What is delivered is what stands in a source. Workers see neither each other nor the whole; one that
dies costs its part and nothing else. In a pass of its own each claim is held against all that was
read (`judging.citing`); the lead then puts what passed in order, adding nothing (`findings`).

Source: lead and workers as in the deep-research systems of 2025; scaling by an explicit rule (one
worker for a fact, a few for most questions) after Anthropic 2025, How we built our multi-agent
research system.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from manyminds.agents.lead import Outline, answers, missing_parts, outline, split_up
from manyminds.agents.look_up import look_up
from manyminds.agents.member import open_thread, work
from manyminds.core.events import PhaseStarted, Planned
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Failure, Looked, Member, Part, Plan
from manyminds.judging.citing.support import cite
from manyminds.strategies.findings import Desk, Finding, deliver, merge_same
from manyminds.strategies.panel import attending
from manyminds.strategies.steering import Steering
from manyminds.tools.web.named import addresses_in

__all__ = ["Approve", "Orchestrate"]

PYTHON = "python"
SENTENCE = 4
"""Words from which an answer tells what it is about."""
Approve = Callable[[Plan], Awaitable[Plan]]
"""Shown the lead's plan; returns what to do instead, or the same."""


async def _as_planned(plan: Plan) -> Plan:
    return plan


@dataclass(frozen=True, kw_only=True)
class Orchestrate:
    """Plans parts, works them side by side, cites, looks for gaps, composes.

    Cost: one request to plan; for each part up to the plan's `depth` to work, and a short one for
    each claim and passage that the letter does not decide; one to look for gaps a round; one to
    compose several parts, and one more where they are to be compared; one to see whether the
    question is answered.
    """

    plan: Plan = field(default_factory=lambda: Plan(goal="", parts=()))
    """Parts to work; where there are none the lead plans them."""
    approve: Approve = _as_planned
    steering: Steering = field(default_factory=Steering)

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        desk = Desk(run=run, plan=self.plan)
        [ended] = await run.gather([self._work(desk)])
        if isinstance(ended, Failure):
            desk.failures.append(ended)
        answer = deliver(desk, ended if isinstance(ended, Outline) else None)
        return await _answering(run, answer)

    async def _work(self, desk: Desk) -> Outline | None:
        run = desk.run
        parts = await self._planned(desk)
        for round_ in range(1, desk.plan.rounds + 1):
            why = f"{len(parts)} parts: {'; '.join(p.question for p in parts)}"
            run.tell(PhaseStarted(phase="work", round=round_, why=why[:300]))
            first = len(desk.findings) + 1
            new = [Finding(number=first + i, part=part) for i, part in enumerate(parts)]
            desk.findings += new
            desk.keep_failures(new, await run.gather([self._part(desk, f) for f in new]))
            run.tell(
                PhaseStarted(phase="cite", round=round_, why="each claim against what was read")
            )
            # What nothing held before may stand in what was read since.
            cited = [f for f in desk.findings if f in new or not f.stands]
            desk.keep_failures(cited, await run.gather([_cite(desk, f) for f in cited]))
            if round_ == desk.plan.rounds or not desk.gaps:
                break
            parts = await missing_parts(run, desk.told(), [f.part for f in desk.findings])
            if not parts:
                break
        merge_same(desk.findings)
        held = [s.text for s in desk.statements()]
        return await outline(run, held) if len(desk.findings) > 1 and held else None

    async def _planned(self, desk: Desk) -> Sequence[Part]:
        run = desk.run
        run.tell(PhaseStarted(phase="plan", round=1, why="the lead splits the question"))
        if not self.plan.parts:
            goal, parts = await split_up(run)
            desk.plan = replace(self.plan, goal=goal, parts=parts)
        approved = await self.approve(desk.plan)
        if approved.experiment and not any(tool.name == PYTHON for tool in run.tools):
            why = "no sandbox works here, so no program is run; see manyminds doctor"
            desk.not_found.append(Looked(what="experiments", why=why))
        run.tell(Planned(plan=approved, changed=approved != desk.plan))
        desk.plan = approved
        return approved.parts

    async def _part(self, desk: Desk, finding: Finding) -> None:
        """Let a worker look its part up and say what it found."""
        run, part = desk.run, finding.part
        models = [member.model for member in run.members]
        model = models[(finding.number - 1) % len(models)]
        way = "experiment" if desk.plan.experiment else "research"
        worker = Member(name=f"w{finding.number}", way=way, model=model)
        thread = open_thread(run, worker, temperature=0.0, question=part.question)
        thread.with_claims, thread.allowance = True, desk.share()
        native = run.abilities(worker).tools is True
        if native:
            thread.notes = []
        self.steering.take(finding.number, thread)
        with attending(run, worker, round_=1):
            found = await look_up(
                run, thread, query=part.query, about=part.question, pages=desk.plan.pages,
                named=addresses_in(run.task.prompt),
            )  # fmt: skip
            desk.not_found += found.not_found
            desk.read(found.evidence)
            try:
                # Small models search again whatever they were shown; gaps are for that.
                at_once = not native and not desk.plan.experiment
                finding.draft = await work(run, thread, turns=desk.plan.depth, answering=at_once)
            finally:
                desk.read(thread.evidence)
                desk.note_missed(thread)
        # Now, by letter: the run may be ended before a judge is asked.
        finding.look(desk.evidence)


async def _answering(run: Run, answer: Answer) -> Answer:
    """Keep an answer that answers the question; what stands beside it is only a partial one."""
    # Of a bare name or number the model says no: it sees nothing that it could be about.
    if answer.outcome != "answered" or len((answer.text or "").split()) < SENTENCE:
        return answer
    [said] = await run.gather([answers(run, answer.text or "")])
    if said is not False:
        return answer
    beside = "what stands in the sources does not answer the question itself"
    return replace(answer, outcome="partial", confidence=None, missing=(beside, *answer.missing))


async def _cite(desk: Desk, finding: Finding) -> None:
    judge = Member(name=f"citer{finding.number}", way="direct", model=desk.run.members[-1].model)
    finding.look(desk.evidence)
    await cite(desk.run, judge, finding.cited)
    desk.tell_cited(finding)
