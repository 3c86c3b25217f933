"""The state a viewer sees, folded from events: the one reader behind panes and plain lines."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from manyminds.core.events import (
    Cited,
    Clarified,
    Compared,
    CruxNamed,
    CruxSettled,
    HeldBack,
    MemberEnded,
    MemberStarted,
    NoteShared,
    Nudged,
    PhaseStarted,
    Planned,
    Ranked,
    Recorded,
    RemarkMade,
    RemarkRejected,
    Replied,
    Requested,
    RequestFailed,
    Resumed,
    Revised,
    Routed,
    RunEnded,
    RunStarted,
    Steered,
    ToolCalled,
    ToolReturned,
)
from manyminds.core.values import NOTHING_SPENT, Group, Limits, Ruling, Spend

__all__ = ["Board", "Pane"]


@dataclass(kw_only=True)
class Pane:
    """One member, as shown."""

    name: str
    way: str
    model: str
    state: str = "working"
    step: str = "starts"
    since: datetime | None = None
    """When it took up work; `None` before."""
    ended: datetime | None = None
    spend: Spend = NOTHING_SPENT
    writing: int = 0
    """Pieces of the reply that is coming in."""
    answer: str | None = None


@dataclass(kw_only=True)
class Board:
    """Everything that is shown of a run."""

    panes: dict[str, Pane] = field(default_factory=dict[str, Pane])
    question: str = ""
    strategy: str = ""
    limits: Limits = field(default_factory=Limits)
    phase: str = ""
    round: int = 0
    cruxes: dict[str, str] = field(default_factory=dict[str, str])
    rulings: dict[str, tuple[Ruling, ...]] = field(default_factory=dict[str, tuple[Ruling, ...]])
    groups: tuple[Group, ...] = ()
    spend: Spend = NOTHING_SPENT
    began: datetime | None = None
    now: datetime | None = None
    over: bool = False

    def take(self, recorded: Recorded) -> str | None:
        """Fold one event in; return the line that tells of it, if it is worth one."""
        event, self.now = recorded.event, recorded.at
        match event:
            case RunStarted():
                return self._start(event, recorded.at)
            case MemberStarted():
                return self._member(event, recorded.at)
            case Requested():
                return self._step(event.member, "thinks", writing=0)
            case Replied():
                return self._paid(event.member, event.spend)
            case RequestFailed():
                return self._failed(event)
            case ToolCalled():
                return self._step(event.member, f"uses {event.tool}")
            case ToolReturned():
                how = "failed" if event.error else _result(event)
                self._step(event.member, f"{event.tool}: {how}")
                return f"{event.member} used {event.tool}: {how}"
            case MemberEnded():
                return self._ended(event, recorded.at)
            case Resumed():
                self.began = recorded.at - timedelta(seconds=event.elapsed_s)
                return "its process had ended; it goes on"
            case _:
                return self._panel(event)

    def _panel(self, event: object) -> str | None:
        match event:
            case NoteShared():
                return self._note(event)
            case PhaseStarted():
                self.phase, self.round = event.phase, event.round
                return f"{event.phase}: {event.why}"
            case Compared():
                self.groups = event.groups
                stands = (f"{_short(g.canonical.key)} ({len(g.members)})" for g in event.groups)
                return "answers: " + (", ".join(stands) or "none")
            case CruxNamed():
                self.cruxes[event.crux.id] = event.crux.question
                return f"{event.crux.id}: {_short(event.crux.question, 100)}"
            case CruxSettled():
                self.rulings[event.crux] = event.rulings
                return f"{event.crux}: {verdict_line(event.rulings)}"
            case Revised():
                return f"{event.member} {event.result} its answer: {event.reason}"
            case RunEnded():
                self.over = True
                return None
            case _:
                return _aside(event)

    def progress(self, member: str, pieces: int) -> None:
        """Note that a reply is coming in."""
        if member in self.panes:
            self.panes[member].writing = pieces
            self.panes[member].step = "writes"

    def _start(self, event: RunStarted, at: datetime) -> str:
        self.question, self.strategy, self.limits = event.task.prompt, event.strategy, event.limits
        self.began = at
        return f"{event.strategy} with {len(event.members)} members"

    def _member(self, event: MemberStarted, at: datetime) -> str:
        member = event.member
        pane = self.panes.setdefault(
            member.name, Pane(name=member.name, way=member.way, model=member.model)
        )
        pane.state, pane.step, pane.since, pane.ended = "working", "starts", at, None
        return f"{member.name} ({member.way}) starts"

    def _step(self, member: str, step: str, *, writing: int | None = None) -> None:
        pane = self.panes.get(member)
        if pane is None:
            return
        pane.step = step
        pane.writing = pane.writing if writing is None else writing

    def _paid(self, member: str, spend: Spend) -> None:
        self.spend = self.spend + spend
        pane = self.panes.get(member)
        if pane is not None:
            pane.spend, pane.writing, pane.step = pane.spend + spend, 0, "thought"

    def _failed(self, event: RequestFailed) -> str:
        self._paid(event.member, event.spend)
        again = f"; again in {event.retry_in_s:.1f} s" if event.retry_in_s else ""
        self._step(event.member, f"waits{again}" if again else "failed")
        return f"{event.member}: {event.message}{again}"

    def _ended(self, event: MemberEnded, at: datetime) -> str | None:
        pane = self.panes.get(event.member)
        if pane is None:
            return None
        pane.state, pane.ended, pane.writing = event.state, at, 0
        pane.step = event.reason or event.state
        return f"{event.member} {event.state}: {event.reason}" if event.reason else None

    def _note(self, event: NoteShared) -> str:
        note = event.note
        if note.member in self.panes:
            self.panes[note.member].answer = note.answer
        return f"{note.member} answers {_short(note.answer)}"


def _aside(event: object) -> str | None:
    """Return the line of an event that changes nothing on the board."""
    match event:
        case RemarkMade():
            return f"{event.remark.author}, {event.remark.kind}: {_short(event.remark.text, 100)}"
        case RemarkRejected():
            return f"{event.author} was not heard: {event.reason}"
        case Ranked():
            best = event.authors[event.ranking.order[0]]
            return f"{event.ranking.ranker} puts {best} first: {event.ranking.reason}"
        case Nudged() | HeldBack():
            return f"{event.member} is told: {_short(event.text, 140)}"
        case Routed():
            return f"{event.route}, effort {event.effort}: {event.why}"
        case Clarified():
            return f"asked back: {_short(event.question, 100)}"
        case Planned():
            return f"plan: {_short('; '.join(p.question for p in event.plan.parts), 160)}"
        case Cited():
            return f"{event.member}, {_SAID[event.support]}: {_short(event.claim, 100)}"
        case Steered():
            return f"you: {event.what} {event.text}".rstrip()
        case _:
            return None


_SAID = {"supported": "in a source", "contradicted": "a source says otherwise", "unsure": "in none"}


def verdict_line(rulings: tuple[Ruling, ...]) -> str:
    """Say in a line what a settled crux says of each answer."""
    decided = [r for r in rulings if r.support != "unsure"]
    if not decided:
        return "not settled"
    return ", ".join(f"{_short(r.canonical.key)} {r.support}" for r in decided)


def _result(event: ToolReturned) -> str:
    if not event.evidence:
        return "nothing found"
    first = event.evidence[0]
    if first.source is not None:
        return f"{len(event.evidence)} passages, first {first.source}:{first.line_start}"
    lines = first.output.strip().splitlines()
    return _short(lines[-1]) if lines else "nothing"


def _short(text: str, most: int = 48) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
