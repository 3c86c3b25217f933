"""What strategies share: letting members work, making notes of it, delivering an answer."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

from manyminds.agents.asking import asks_for_text, question_now
from manyminds.agents.member import Draft, Thread, open_thread, work
from manyminds.agents.sample import Conversation, Form
from manyminds.core.errors import (
    BudgetExceeded,
    ManymindsError,
    ProviderError,
    RunCancelled,
    RunError,
)
from manyminds.core.events import (
    Checked,
    Compared,
    MemberEnded,
    MemberStarted,
    NoteShared,
    PhaseStarted,
    Selected,
)
from manyminds.core.protocols import Run, Verifier
from manyminds.core.values import (
    Answer,
    Candidate,
    Citation,
    Claim,
    Dissent,
    Evidence,
    Failure,
    Group,
    Member,
    Note,
    Ruling,
    Support,
    Verdict,
)
from manyminds.judging.backed import Backed
from manyminds.judging.canonical import canonicalize, prose, same
from manyminds.judging.code.calls import calls_for
from manyminds.judging.code.examples import Example
from manyminds.judging.code.outcomes import Outcome, behaviour_of, can_run, outcomes_of
from manyminds.judging.code.source import program_of
from manyminds.judging.compare import disagreement, group_notes
from manyminds.judging.weigh import WEIGHTS, Weighed, Weights, weigh
from manyminds.tools.fence import fence

__all__ = ["BACKED", "Panel", "attending", "candidate_of"]

BACKED = Backed()
OBJECTION_TURNS = 3
"""Requests after an objection: to try it, to mend it, to answer."""
_SUPPORT: dict[str, Support] = {
    "accepted": "supported", "rejected": "contradicted", "unsure": "unsure",
}  # fmt: skip

UNVOTED = "texts are not voted on"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a member stands: its note, and all that was found out about it."""

    note: Note
    verdict: Verdict
    candidate: Candidate | None
    outcomes: tuple[Outcome, ...] | None


@dataclass(kw_only=True)
class Panel:
    """The state of members side by side: their threads, latest notes, verdicts and rulings."""

    run: Run
    verifier: Verifier = BACKED
    talks: dict[str, Conversation] = field(default_factory=dict[str, Conversation])
    candidates: dict[str, Candidate] = field(default_factory=dict[str, Candidate])
    outcomes: dict[str, tuple[Outcome, ...]] = field(default_factory=dict[str, tuple[Outcome, ...]])
    """What each member's program gave on the calls it was tried with; code only."""
    threads: dict[str, Thread] = field(default_factory=dict[str, Thread])
    notes: dict[str, Note] = field(default_factory=dict[str, Note])
    verdicts: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    was: dict[str, Standing] = field(default_factory=dict[str, Standing])
    """Where each member stood before its latest note."""
    seats: int = 0
    """Members that the strategy knows of; the person may add more."""
    rulings: list[Ruling] = field(default_factory=list[Ruling])
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])

    def __post_init__(self) -> None:
        """Count who was there in the beginning."""
        self.seats = len(self.run.members)

    def enter(self, phase: str, why: str, *, round_: int = 1) -> None:
        """Record that the strategy enters one of its steps, and why."""
        self.run.tell(PhaseStarted(phase=phase, round=round_, why=why))

    def leads(self) -> list[Member]:
        """Return who may work for all: the first member of each model, without those that failed.

        Where all have failed it is the first again: what was gone a moment ago may be back.
        """
        first: dict[str, Member] = {}
        for member in self.run.members:
            first.setdefault(member.model, member)
        in_order = list(first.values())
        return [m for m in in_order if m.name not in self.failures] or in_order[:1]

    async def work(
        self,
        members: Sequence[Member],
        *,
        turns: int,
        temperature: Callable[[int], float],
        enough: Callable[["Panel"], bool] | None = None,
    ) -> None:
        """Let members work alone, side by side; what they found is in `notes` afterwards."""
        while members:
            began = len(self.threads)
            jobs = [
                self._one(member, turns=turns, temperature=temperature(began + place))
                for place, member in enumerate(members)
            ]
            await self._side_by_side(members, jobs, enough)
            members, enough = self._newcomers(), None

    def _newcomers(self) -> Sequence[Member]:
        """Return the members that the person has added since; they are wanted, so all work."""
        found, self.seats = self.run.members[self.seats :], len(self.run.members)
        return [] if self.stopped else found

    async def _side_by_side(
        self,
        members: Sequence[Member],
        jobs: Sequence[Awaitable[Note]],
        enough: Callable[["Panel"], bool] | None,
    ) -> None:
        results = await self.run.gather(
            jobs, enough=None if enough is None else lambda _done: enough(self)
        )
        self._keep_failures(members, results)

    def _keep_failures(self, members: Sequence[Member], results: Sequence[object]) -> None:
        for member, result in zip(members, results, strict=True):
            # A straggler that was no longer needed is no trouble.
            if isinstance(result, Failure) and (result.fatal or result.kind != "RunCancelled"):
                self.failures[member.name] = result

    async def _one(self, member: Member, *, turns: int, temperature: float) -> Note:
        thread = open_thread(self.run, member, temperature=temperature)
        self.threads[member.name] = thread
        note = await self.take_note(thread, round_=1, turns=turns)
        # One that has to answer at once, or in a form, could do nothing about an objection.
        hurried = turns == 1 or member.effort == "low" or self.run.task.schema_json is not None
        return note if hurried or self.stopped else await self._reconsidered(thread, note)

    async def take_note(self, thread: Thread, *, round_: int, turns: int) -> Note:
        """Let a member work its thread on and share what it comes to."""
        draft = await self.attend(thread, round_=round_, turns=turns)
        return await self._share(draft, round_=round_)

    async def _reconsidered(self, thread: Thread, note: Note) -> Note:
        """Let a member answer once more where something speaks against its answer.

        Until then, and where nothing comes of it, the answer stands as it was shared.
        """
        each = thread.spent + self.run.abilities(thread.member).output_tokens
        unused = {tool.name for tool in thread.tools} - thread.used
        why = await self.run.objection(
            note, unused, tokens=OBJECTION_TURNS * each, seconds=OBJECTION_TURNS * thread.took_s
        )
        if why is None:
            return note
        thread.say(why)
        thread.may_finish = False  # an answer stands; the reserve is for those who have none
        try:
            again = await self.attend(thread, round_=note.round, turns=OBJECTION_TURNS)
        except (BudgetExceeded, ProviderError, RunCancelled):
            return note
        finally:
            thread.may_finish = True
        return await self._share(again, round_=note.round)

    async def sample(
        self,
        members: Sequence[Member],
        *,
        temperature: Callable[[int], float],
        form: Callable[[int], Form | None] = lambda _place: None,
        enough: Callable[["Panel"], bool] | None = None,
    ) -> None:
        """Let members draw one sample each; read the notes afterwards.

        Args:
            members: Who draws.
            temperature: By place on the panel.
            form: By place: how to answer; `None` for what the task asks for.
            enough: Says that no more samples are needed; the rest is cancelled.
        """
        while members:
            began = len(self.talks)
            jobs = [
                self._draw(member, temperature(place), form(place))
                for place, member in enumerate(members, began)
            ]
            await self._side_by_side(members, jobs, enough)
            members, enough = self._newcomers(), None

    async def _draw(self, member: Member, temperature: float, form: Form | None) -> Note:
        talk = Conversation.begin(self.run, member, temperature=temperature, form=form)
        self.talks[member.name] = talk
        return await self.draw(talk, round_=1)

    async def draw(self, talk: Conversation, *, round_: int) -> Note:
        """Draw a conversation's next sample and share what it comes to."""
        with self.attending(talk.member, round_=round_):
            draft = await talk.draw(self.run)
        return await self._share(draft, round_=round_)

    async def _share(self, draft: Draft, *, round_: int) -> Note:
        note = self.note_of(draft, round_=round_)
        outcomes = await self._outcomes(note)
        if outcomes is not None:
            note = replace(note, canonical=behaviour_of(outcomes))
        candidate = candidate_of(note, working=draft.working)
        verdict = await self.run.check(self.verifier, candidate)
        return self.add(note, verdict, candidate=candidate, outcomes=outcomes)

    async def _outcomes(self, note: Note) -> tuple[Outcome, ...] | None:
        """Return what a program does where there are calls to try it with; `None` elsewhere."""
        question = self.run.task.prompt
        if note.canonical.kind != "code" or not can_run(self.run):
            return None
        _, calls = calls_for(question, note.answer)
        try:
            outcomes = await outcomes_of(self.run, program_of(question, note.answer), calls)
        except RunError:
            return None  # the run is ending; the note was paid for and stays
        return None if outcomes is None else tuple(outcomes)

    def add(
        self,
        note: Note,
        verdict: Verdict,
        *,
        candidate: Candidate | None = None,
        outcomes: tuple[Outcome, ...] | None = None,
    ) -> Note:
        """Put a note before the panel, with the verdict as the first of its claims."""
        self.run.tell(Checked(author=note.member, verdict=verdict))
        note = replace(note, claims=_with_verdict(note, verdict))
        if note.member in self.notes:
            self.was[note.member] = self.standing(note.member)
        self._stand(Standing(note=note, verdict=verdict, candidate=candidate, outcomes=outcomes))
        self.run.tell(NoteShared(note=note))
        return note

    def standing(self, member: str) -> Standing:
        """Return where a member stands."""
        return Standing(
            note=self.notes[member],
            verdict=self.verdicts[member],
            candidate=self.candidates.get(member),
            outcomes=self.outcomes.get(member),
        )

    def restore(self, member: str) -> None:
        """Let a member stand again where it stood before its latest note."""
        self._stand(self.was[member])

    def _stand(self, standing: Standing) -> None:
        member = standing.note.member
        self.notes[member], self.verdicts[member] = standing.note, standing.verdict
        self.candidates.pop(member, None)
        self.outcomes.pop(member, None)
        if standing.candidate is not None:
            self.candidates[member] = standing.candidate
        if standing.outcomes is not None:
            self.outcomes[member] = standing.outcomes

    async def attend(self, thread: Thread, *, round_: int, turns: int) -> Draft:
        """Let a member work, with its beginning and its one end recorded."""
        with self.attending(thread.member, round_=round_):
            return await work(self.run, thread, turns=turns)

    def attending(self, member: Member, *, round_: int) -> AbstractContextManager[None]:
        """Record that a member takes up work, and its one end."""
        return attending(self.run, member, round_=round_)

    def note_of(self, draft: Draft, *, round_: int) -> Note:
        """Put a draft into its canonical form; a text that was asked for is none but that."""
        asked = self.run.task.prompt
        written = asks_for_text(asked) and self.run.task.schema_json is None
        question = question_now(asked)
        return Note(
            member=draft.member.name,
            round=round_,
            answer=draft.answer,
            canonical=prose(draft.answer)
            if written
            else canonicalize(draft.answer, question=question),
            reason=draft.reason,
            claims=draft.claims,
            evidence=draft.evidence,
            confidence=draft.confidence,
            would_change=draft.would_change,
        )

    def compare(self, *, round_: int) -> Weighed:
        """Group the notes, record the groups, and weigh them with all that is known."""
        weighed = self.weighed()
        self.run.tell(Compared(round=round_, groups=weighed.groups))
        return weighed

    @property
    def examples(self) -> list[Example]:
        """What the question itself says its function returns; code only."""
        answers = [note.answer for note in self.notes.values()]
        return calls_for(self.run.task.prompt, answers[0])[0] if answers else []

    def groups(self) -> tuple[Group, ...]:
        """Group the notes as they stand, the largest group first."""
        return group_notes(self._in_order())

    def weighed(self, weights: Weights = WEIGHTS) -> Weighed:
        """Weigh the notes as they stand."""
        notes = self._in_order()
        return weigh(self.groups(), notes, self.verdicts, self.rulings, weights=weights)

    def _in_order(self) -> list[Note]:
        """Return the notes in the panel's order: who was quicker must not decide a tie."""
        places = {member.name: place for place, member in enumerate(self.run.members)}
        last = len(places)
        return sorted(self.notes.values(), key=lambda note: places.get(note.member, last))

    def proposals(self, *, without: Note | None = None) -> str:
        """Return the answers that stand, anonymous and shuffled, fenced as data.

        Args:
            without: A member's own note; answers equal to it are left out.
        """
        notes = [self.notes[group.members[0]] for group in self.groups()]
        if without is not None:
            notes = [note for note in notes if not same(note.canonical, without.canonical)]
        self.run.rng.shuffle(notes)
        lines = [f"- {note.answer[:2_000]}\n  because: {note.reason[:400]}" for note in notes]
        most = 2_500 * max(1, len(lines))
        return fence("\n\n".join(lines) or "nobody says otherwise", source="others", limit=most)

    def led_by(self, note: Note, weighed: Weighed) -> Weighed:
        """Put the answer of `note` first, whatever its weight."""
        pairs = list(zip(weighed.groups, weighed.scores, strict=True))
        pairs.sort(key=lambda pair: note.member not in pair[0].members)
        return Weighed(groups=tuple(g for g, _ in pairs), scores=tuple(s for _, s in pairs))

    def told(self, weighed: Weighed, *, round_: int) -> Weighed:
        """Record the groups as they are weighed."""
        self.run.tell(Compared(round=round_, groups=weighed.groups))
        return weighed

    async def put(self, draft: Draft, *, round_: int) -> Note:
        """Put before the panel what was worked out for a member."""
        with self.attending(draft.member, round_=round_):
            return await self._share(draft, round_=round_)

    @property
    def stopped(self) -> bool:
        """Whether nothing more can be asked: the budget is spent, or somebody said stop."""
        return any(failure.fatal for failure in self.failures.values())

    def deliver(self, weighed: Weighed, *, how: str, stands: bool = True) -> Answer:
        """Deliver the leading candidate as it was proposed, word for word.

        Where nothing `stands`, it goes out as a partial answer that says so.
        """
        missing = self._missing()
        if not weighed.groups:
            return Answer(
                outcome="none", text=None, canonical=None, confidence=None, how=how,
                missing=missing or ("nobody came to an answer",),
            )  # fmt: skip
        winner = self._spokesman(weighed.groups[0])
        scores = dict(zip((g.canonical.key for g in weighed.groups), weighed.scores, strict=True))
        self.run.tell(
            Selected(author=winner.member, canonical=winner.canonical.key, scores=scores, why=how)
        )
        answer = self._answer(winner, weighed, missing, how)
        if winner.canonical.kind == "prose":
            # Texts do not agree or disagree: nothing is known of how right this one is.
            how = f"{how}; {UNVOTED}"
            answer = replace(answer, confidence=None, dissent=(), disagreement=None, how=how)
            stands = stands or self.verdicts[winner.member].outcome != "rejected"
        if stands:
            return answer
        why = "no answer stood: too little speaks for it, and no tool settled it"
        return replace(answer, outcome="partial", missing=(why, *answer.missing))

    def _spokesman(self, group: Group) -> Note:
        """Return the note that speaks for a group: with evidence if any has it, else the first.

        What a tool returned says more than words that came to the same.
        """
        notes = [self.notes[name] for name in group.members]
        order = {"accepted": 0, "unsure": 1, "rejected": 2}
        return min(notes, key=lambda n: (order[self.verdicts[n.member].outcome], not n.evidence))

    def _answer(self, note: Note, weighed: Weighed, missing: tuple[str, ...], how: str) -> Answer:
        mine = [r for r in self.rulings if same(r.canonical, note.canonical)]
        evidence = _unique([*note.evidence, *(e for r in mine for e in r.evidence)])
        claims = [*note.claims]
        for ruling in mine:
            ids = tuple(e.id for e in ruling.evidence)
            claims.append(Claim(text=ruling.reason, support=ruling.support, evidence=ids))
        undetermined = note.canonical.kind == "none"
        return Answer(
            outcome="partial" if undetermined else "answered",
            text=note.answer,
            canonical=note.canonical.key,
            confidence=round(weighed.confidence(), 3),
            reason=note.reason,
            author=note.member,
            claims=tuple(claims),
            evidence=evidence,
            citations=_citations(note, self.verdicts[note.member], evidence),
            dissent=self._dissent(note),
            missing=(*missing, *((note.reason,) if undetermined and note.reason else ())),
            how=how,
            disagreement=round(disagreement(weighed.groups), 3) if len(self.notes) > 1 else None,
        )

    def _dissent(self, winner: Note) -> tuple[Dissent, ...]:
        return tuple(
            Dissent(member=note.member, answer=note.answer, reason=note.reason)
            for note in self.notes.values()
            if not same(note.canonical, winner.canonical)
        )

    def _missing(self) -> tuple[str, ...]:
        return tuple(f"{name}: {failure.message}" for name, failure in self.failures.items())


@contextmanager
def attending(run: Run, member: Member, *, round_: int) -> Generator[None]:
    """Record that a member takes up work, and its one end."""
    run.tell(MemberStarted(member=member, round=round_))
    try:
        yield
    except ManymindsError as error:
        run.tell(MemberEnded(member=member.name, state="failed", reason=str(error)))
        raise
    except BaseException:
        run.tell(MemberEnded(member=member.name, state="cancelled"))
        raise
    run.tell(MemberEnded(member=member.name, state="finished"))


def candidate_of(note: Note, *, working: str = "") -> Candidate:
    """Return a note's answer as a candidate."""
    return Candidate(
        text=note.answer, author=note.member, canonical=note.canonical, evidence=note.evidence,
        working=working,
    )  # fmt: skip


def _with_verdict(note: Note, verdict: Verdict) -> tuple[Claim, ...]:
    support = _SUPPORT[verdict.outcome]
    text = f"the answer is {note.answer[:200]!r}: {verdict.reason}"
    return (Claim(text=text, support=support, evidence=verdict.evidence), *note.claims)


def _unique(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple({e.id: e for e in evidence}.values())


def _citations(note: Note, verdict: Verdict, evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
    """Cite the passages that were read; the one the answer stands in is marked supported."""
    holding = set(verdict.evidence) if verdict.outcome == "accepted" else set[str]()
    found: list[Citation] = []
    for e in evidence:
        if e.source is None or e.start is None or e.end is None:
            continue
        support: Support = "supported" if e.id in holding else "unsure"
        found.append(
            Citation(
                source=e.source, quote=e.output, start=e.start, end=e.end, support=support,
                line_start=e.line_start, line_end=e.line_end, title=e.title, author=e.author,
                date=e.date, read_at=e.read_at,
            )
        )  # fmt: skip
    best = [c for c in found if c.support == "supported"]
    return tuple(best or found[:3])
