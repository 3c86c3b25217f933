"""Crew: roles with their own words, tools and rights work in turn until the verifier approves.

Source: roles that work in turn are those of Hong et al. 2023, MetaGPT. Here only the verifier may
end the work, and its rounds are capped: crews that may go on for ever do, and crews without a real
check end too early (Cemri et al. 2025, Why Do Multi-Agent LLM Systems Fail?).
"""

from dataclasses import dataclass, field

from manyminds.agents.member import Thread, open_thread
from manyminds.agents.prompts import prompt
from manyminds.agents.remarks import (
    MAX_CHARACTERS,
    RemarkRefused,
    read_remark,
    remark_schema,
)
from manyminds.agents.roles import PRESETS, Role
from manyminds.agents.sample import Conversation, asks_for_code
from manyminds.core.errors import ManymindsError, RunError
from manyminds.core.events import Checked, RemarkMade, RemarkRejected
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Failure, Member, Note, Remark, RemarkKind, Verdict
from manyminds.strategies.panel import Panel
from manyminds.strategies.tally import fitting_verifier, tallied
from manyminds.tools.fence import fence

__all__ = ["Crew"]

VERIFIER_TURNS = 4


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Lets a team of roles work a task until its verifier approves, or the rounds are over.

    Cost: a round is one to four requests a role. What the task itself brings to check by (examples,
    steps) is checked first and costs none; a model verifies only what that leaves open.
    """

    roles: tuple[Role, ...] = PRESETS["solver-coder-verifier"]
    rounds: int = 3
    verification: bool = True
    """Whether those who answer are told to check their result once before they do."""
    turns: int = 4

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        team = _Team(run=run, crew=self, panel=Panel(run=run, verifier=fitting_verifier(run)))
        for round_ in range(1, self.rounds + 1):
            team.panel.enter("crew", team.why, round_=round_)
            [approved] = await run.gather([team.round(round_)])
            if isinstance(approved, Failure):
                team.panel.failures[f"crew, round {round_}"] = approved
                break
            if approved is not None:
                how = f"approved by the {team.ending.name} in round {round_}"
                weighed = team.panel.led_by(approved, tallied(team.panel))
                return team.panel.deliver(weighed, how=how)
        how = f"not approved in {self.rounds} rounds"
        return team.panel.deliver(tallied(team.panel), how=how, stands=False)


@dataclass(kw_only=True)
class _Team:
    """The state of a crew at work."""

    run: Run
    crew: Crew
    panel: Panel
    remarks: list[Remark] = field(default_factory=list[Remark])
    threads: dict[str, Thread] = field(default_factory=dict[str, Thread])
    why: str = "the team begins"

    @property
    def ending(self) -> Role:
        """The role whose approval ends the work."""
        return next(role for role in self.crew.roles if role.may_end)

    async def round(self, round_: int) -> Note | None:
        """Let every role act once; return the note that was approved, if any."""
        proposed: Note | None = None
        for role in self.crew.roles:
            if not role.may_end:
                proposed = await self._propose(role, round_) or proposed
        if proposed is None:
            return None
        verdict = await self._verify(proposed)
        self.run.tell(Checked(author=proposed.member, verdict=verdict))
        self.panel.verdicts[proposed.member] = verdict
        if verdict.outcome == "accepted":
            return proposed
        self.why = f"the {self.ending.name} does not approve"
        if verdict.verifier != self.ending.name:
            self._say(self.ending, "objection", verdict.reason, verdict.evidence)
        return None

    async def _propose(self, role: Role, round_: int) -> Note | None:
        """Let a role put an answer before the team; a plan without one is said and no more."""
        member = Member(name=role.name, way="direct", model=self._model(role))
        if role.tools and not asks_for_code(self.run.task.prompt):
            note = await self._with_tools(role, member, round_)
        else:
            note = await self._by_words(role, member, round_)
        if note is not None:
            ids = tuple(e.id for e in note.evidence)
            kind: RemarkKind = "evidence" if ids and "evidence" in role.says else "claim"
            self._say(role, kind, f"{note.reason}\nAnswer: {note.answer}", ids)
        return note

    async def _by_words(self, role: Role, member: Member, round_: int) -> Note | None:
        talk = Conversation.begin(self.run, member, temperature=0.3 if round_ == 1 else 0.7)
        talk.say("\n\n".join(self._told(role)))
        try:
            return await self.panel.draw(talk, round_=round_)
        except RunError:
            raise
        except ManymindsError as error:
            # A plan that ends in no answer still helps the next role.
            if talk.last:
                self._say(role, "claim", talk.last, ())
            self.panel.failures[f"{role.name}, round {round_}"] = Failure(
                kind=type(error).__name__, message=str(error)
            )
            return None

    async def _with_tools(self, role: Role, member: Member, round_: int) -> Note:
        thread = self.threads.get(role.name)
        if thread is None:
            thread = open_thread(self.run, member, temperature=0.2, allowed=role.tools)
            self.threads[role.name] = thread
        thread.say("\n\n".join(self._told(role)))
        return await self.panel.take_note(thread, round_=round_, turns=self.crew.turns)

    def _told(self, role: Role) -> list[str]:
        said = "\n".join(f"[{r.kind} by {r.author}] {r.text[:1_500]}" for r in self.remarks[-6:])
        told = [prompt(f"role_{role.name}")]
        if said:
            told.append(prompt("crew_told", said=fence(said, source="team", limit=8_000)))
        if self.crew.verification and not role.may_end:
            told.append(prompt("verification"))
        return told

    async def _verify(self, note: Note) -> Verdict:
        """Judge by what the task brings; ask the verifying role about what that leaves open."""
        first = self.panel.verdicts[note.member]
        if first.outcome != "unsure":
            return first
        role = self.ending
        member = Member(name=self.run.new_id(role.name), way="another", model=self._model(role))
        thread = open_thread(self.run, member, temperature=0.0, allowed=role.tools)
        thread.purpose = "check"
        thread.answer_schema = remark_schema(role.says)
        thread.say(prompt(f"role_{role.name}"))
        thread.say(prompt("crew_verify", answer=fence(note.answer, source="team", limit=6_000)))
        draft = await self.panel.attend(thread, round_=1, turns=VERIFIER_TURNS)
        try:
            said = read_remark(
                draft.answer, author=role.name, id_=self.run.new_id("remark"),
                evidence=draft.evidence, kinds=role.says,
            )  # fmt: skip
        except RemarkRefused as error:
            self.run.tell(RemarkRejected(author=role.name, reason=str(error)))
            why = f"its verdict was not heard: {error}"
            return Verdict(outcome="unsure", reason=why, verifier=role.name)
        self._keep(said)
        return Verdict(
            outcome="accepted" if said.kind == "approval" else "rejected",
            reason=said.text[:400],
            verifier=role.name,
            evidence=said.evidence or tuple(e.id for e in draft.evidence),
        )

    def _model(self, role: Role) -> str:
        """Spread the roles over the models there are."""
        models = list(dict.fromkeys(member.model for member in self.run.members))
        return models[self.crew.roles.index(role) % len(models)]

    def _say(self, role: Role, kind: RemarkKind, text: str, evidence: tuple[str, ...]) -> None:
        id_ = self.run.new_id("remark")
        said = text[:MAX_CHARACTERS]
        self._keep(Remark(id=id_, author=role.name, kind=kind, text=said, evidence=evidence))

    def _keep(self, remark: Remark) -> None:
        self.remarks.append(remark)
        self.run.tell(RemarkMade(remark=remark))
