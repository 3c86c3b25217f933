"""A team at work: what its roles say, propose and approve, round by round."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from manyminds.agents.asking import asks_for_code
from manyminds.agents.member import Thread, open_thread
from manyminds.agents.prompts import prompt
from manyminds.agents.remarks import (
    MAX_CHARACTERS,
    RemarkRefused,
    asides_in,
    read_remark,
    remark_schema,
)
from manyminds.agents.roles import Role
from manyminds.agents.sample import Conversation
from manyminds.core.errors import ProviderError
from manyminds.core.events import Checked, RemarkMade, RemarkRejected
from manyminds.core.protocols import Run
from manyminds.core.values import Failure, Member, Note, Remark, RemarkKind, Verdict
from manyminds.strategies.panel import Panel
from manyminds.tools.fence import fence

__all__ = ["Team"]

T = TypeVar("T")
VERIFIER_TURNS = 4


@dataclass(kw_only=True)
class Team:
    """The state of a crew at work."""

    run: Run
    roles: tuple[Role, ...]
    verification: bool
    """Whether those who answer are told to check their result once."""
    turns: int
    panel: Panel
    remarks: list[Remark] = field(default_factory=list[Remark])
    threads: dict[tuple[str, str], Thread] = field(default_factory=dict[tuple[str, str], Thread])
    """By role and model."""
    why: str = "the team begins"
    doubt: str | None = None
    """Why the verifying role may not decide; `None`: it may."""
    unjudged: bool = False
    """Whether a proposal was left without a verdict for that."""

    @property
    def ending(self) -> Role:
        """The role whose approval ends the work."""
        return next(role for role in self.roles if role.may_end)

    async def round(self, round_: int) -> Note | None:
        """Let every role act once; return the note that was approved, if any."""
        proposed: Note | None = None
        for role in self.roles:
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
        by_tools = role.tools and not asks_for_code(self.run.task.prompt)
        act = self._with_tools if by_tools else self._by_words
        try:
            note = await self._as(role, role.name, partial(act, role, round_=round_))
        except ProviderError as error:
            self._note_failure(role, round_, error)
            return None
        if note is not None:
            ids = tuple(e.id for e in note.evidence)
            kind: RemarkKind = "evidence" if ids and "evidence" in role.says else "claim"
            self._say(role, kind, f"{note.reason}\nAnswer: {note.answer}", ids)
        return note

    async def _as(self, role: Role, name: str, act: Callable[[Member], Awaitable[T]]) -> T:
        """Let a role act on its model, and where that fails on the next one.

        Raises:
            ProviderError: If all of them fail.
        """
        failed: ProviderError | None = None
        way = "another" if role.may_end else "direct"
        for model in self._models(role):
            try:
                return await act(Member(name=name, way=way, model=model))
            except ProviderError as error:
                failed = error
        raise failed or ProviderError(f"there is no model for the {role.name}")

    async def _by_words(self, role: Role, member: Member, *, round_: int) -> Note | None:
        talk = Conversation.begin(self.run, member, temperature=0.3 if round_ == 1 else 0.7)
        talk.say("\n\n".join(self._told(role)))
        try:
            note = await self.panel.draw(talk, round_=round_)
        except ProviderError as error:
            if not talk.last:
                raise
            # A plan that ends in no answer still helps the next role.
            self._say(role, "claim", talk.last, ())
            self._note_failure(role, round_, error)
            note = None
        for kind, text in asides_in(talk.last, role.says):
            self._say(role, kind, text, ())
        return note

    async def _with_tools(self, role: Role, member: Member, *, round_: int) -> Note:
        place = (role.name, member.model)
        thread = self.threads.get(place)
        if thread is None:
            thread = open_thread(self.run, member, temperature=0.2, allowed=role.tools)
            self.threads[place] = thread
        thread.say("\n\n".join(self._told(role)))
        return await self.panel.take_note(thread, round_=round_, turns=self.turns)

    def _note_failure(self, role: Role, round_: int, error: ProviderError) -> None:
        failure = Failure(kind=type(error).__name__, message=str(error))
        self.panel.failures[f"{role.name}, round {round_}"] = failure

    def _told(self, role: Role) -> list[str]:
        said = "\n".join(f"[{r.kind} by {r.author}] {r.text[:1_500]}" for r in self.remarks[-6:])
        told = [prompt(f"role_{role.name}" + ("_alone" if self._works_alone(role) else ""))]
        if said:
            told.append(prompt("crew_told", said=fence(said, source="team", limit=8_000)))
        if self.verification and not role.may_end:
            # "Check your result" made a small model write of a program that was not there.
            code = asks_for_code(self.run.task.prompt)
            told.append(prompt("verification_code" if code else "verification"))
        return told

    def _works_alone(self, role: Role) -> bool:
        """Whether a solver has nobody after it who would make an answer of its plan."""
        return role.name == "solver" and all(r.may_end for r in self.roles if r is not role)

    async def _verify(self, note: Note) -> Verdict:
        """Judge by what the task brings; ask the verifying role about what that leaves open."""
        first = self.panel.verdicts[note.member]
        if first.outcome != "unsure":
            return first
        role = self.ending
        if self.doubt is not None:
            self.unjudged = True
            return Verdict(outcome="unsure", reason=self.doubt, verifier=role.name)
        try:
            name = self.run.new_id(role.name)
            return await self._as(role, name, lambda member: self._asked(role, note, member))
        except ProviderError as error:
            why = f"no {role.name} could be asked: {error}"
            return Verdict(outcome="unsure", reason=why[:400], verifier=role.name)

    async def _asked(self, role: Role, note: Note, member: Member) -> Verdict:
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

    def _models(self, role: Role) -> list[str]:
        """Spread the roles over the models: a role's own first, then the others."""
        models = list(dict.fromkeys(member.model for member in self.run.members))
        own = self.roles.index(role) % len(models)
        return [*models[own:], *models[:own]]

    def _say(self, role: Role, kind: RemarkKind, text: str, evidence: tuple[str, ...]) -> None:
        id_ = self.run.new_id("remark")
        said = text[:MAX_CHARACTERS]
        self._keep(Remark(id=id_, author=role.name, kind=kind, text=said, evidence=evidence))

    def _keep(self, remark: Remark) -> None:
        self.remarks.append(remark)
        self.run.tell(RemarkMade(remark=remark))
