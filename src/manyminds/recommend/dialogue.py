"""One recommendation from the wish to the choice: steps on disk, all else computed from them.

    asking ──answer──▶ asking … ──▶ proposing ──choose──▶ decided
       ▲                   │  ▲         │                    │
       └───────back────────┘  └──back───┴────────back────────┘

A dialogue is a file of steps, one JSON object a line. Where it stands is folded from them, so that
it goes on after a process has ended, and goes back by taking the last step away.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import Domain, domain_named
from manyminds.recommend.catalogue.place import Place, read_place
from manyminds.recommend.catalogue.read import Catalogue, read_catalogue
from manyminds.recommend.deciding.decide import Decision, decide
from manyminds.recommend.deciding.missing import Asked
from manyminds.recommend.deciding.span import Span
from manyminds.recommend.deciding.weigh import TASTE, Option, Wanted
from manyminds.recommend.deciding.wish import Condition, Wish, read_wish
from manyminds.recommend.feedback import learned_from
from manyminds.recommend.files import append_line, write_whole
from manyminds.recommend.memory.home import (
    DECISIONS,
    PREFERENCES,
    PROFILE,
    Memory,
    Proposal,
    own_folder,
)
from manyminds.recommend.proxy import Proxy

__all__ = ["Dialogue", "Step", "View", "begin_dialogue", "open_dialogue", "steps_in"]

MOST_QUESTIONS = 4
State = Literal["asking", "proposing", "decided"]
_NO_MATTER = re.compile(
    r"(?:it )?(?:no matter|does(?:n't| not) matter|any(?:thing|where)?(?: is fine)?|whatever|"
    r"(?:i )?don't (?:care|mind|know)|no preference|skip|nothing|none|no|nope|not really)[.! ]*"
)
_YES = re.compile(r"\s*(?:yes|yeah|y|sure|please|ja|ok)\b")
_NAME = re.compile(r"[0-9a-f]{8}")
_EVER = timedelta(days=365_000)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happened."""

    kind: Literal["wished", "answered", "weighed", "chose", "back", "gone"]
    text: str = ""
    """The wish, the answer, or the id of the item that was chosen or is not to be had any more."""
    field: str = ""
    """What was answered."""
    weights: Mapping[str, float] = dataclass_field(default_factory=dict[str, float])
    """What was weighed."""
    day: str = ""
    """YYYY-MM-DD, of the wish: what "tonight" means."""
    domain: str = ""
    near: str = ""
    """Of the wish: where the person is, as latitude,longitude."""
    catalogues: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class View:
    """Where a dialogue stands."""

    state: State
    domain: Domain
    catalogue: Catalogue
    wanted: Wanted
    decision: Decision
    asked: Asked | None
    """The question that waits for an answer; `None` in every state but "asking"."""
    chosen: Option | None


class Dialogue:
    """One dialogue, on disk."""

    def __init__(self, path: Path, memory: Memory, proxy: Proxy) -> None:
        self.path = path
        self._memory = memory
        self._proxy = proxy
        self._known: tuple[object, Catalogue] | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.stem

    @property
    def _source(self) -> str:
        return f"dialogue {self.name}"

    def steps(self) -> list[Step]:
        """Return the steps that hold: those gone back on are not there any more."""
        return steps_in(self.path)

    def view(self) -> View:
        """Return where it stands now, by the catalogues and the memory as they are now.

        Raises:
            UsageError: If a catalogue is gone or cannot be read.
        """
        steps = self.steps()
        if not steps or steps[0].kind != "wished":
            raise UsageError(f"{self.path}: it holds no wish; begin anew")
        wish = steps[0]
        domain = domain_named(wish.domain)
        catalogue = self._catalogue(wish, domain)
        wanted = self._wanted(catalogue, steps)
        decision = decide(catalogue, wanted)
        picked = next((step.text for step in reversed(steps) if step.kind == "chose"), None)
        chosen = next((o for o in decision.options if o.item.id == picked), None)
        if chosen is None and picked in wanted.gone:
            # What was chosen and is gone since stays chosen: it was decided, and may be done.
            again = decide(catalogue, replace(wanted, gone=wanted.gone - {picked}))
            chosen = next((o for o in again.options if o.item.id == picked), None)
        answered = sum(step.kind == "answered" for step in steps)
        asked = decision.asked if answered < MOST_QUESTIONS else None
        state: State = "decided" if chosen else "asking" if asked else "proposing"
        return View(
            state=state, domain=domain, catalogue=catalogue, wanted=wanted, decision=decision,
            asked=asked if state == "asking" else None, chosen=chosen,
        )  # fmt: skip

    def answer(self, text: str) -> View:
        """Answer the question that waits.

        Raises:
            UsageError: If none waits, or the answer says nothing that was asked for.
        """
        view = self.view()
        if view.asked is None:
            raise UsageError(f"no question waits in {self.name}; it is {view.state}")
        today = date.fromisoformat(self.steps()[0].day)
        if not _read_answer(text, view.asked.field, view.catalogue, today) and not _no_matter(text):
            likely = ", ".join(answer.text for answer in view.asked.answers)
            raise UsageError(
                f"{text!r} does not say {view.asked.field}; "
                f"say for instance: {likely}, or: no matter"
            )
        return self._add(Step(kind="answered", text=text, field=view.asked.field))

    def weigh(self, weights: Mapping[str, float]) -> View:
        """Say what fields count beside the others, in one step.

        Raises:
            UsageError: If there is no such field, or a weight is below 0; none holds then.
        """
        view = self.view()
        fields = [f.name for f in view.domain.fields.values() if f.better] + [TASTE]
        for field, weight in weights.items():
            if field not in fields:
                raise UsageError(f"no weight {field!r}; there are: {', '.join(fields)}")
            if not 0 <= weight <= 1_000:
                raise UsageError(f"a weight is a number from 0 to 1,000, not {weight:g}")
        return self._add(Step(kind="weighed", weights=dict(weights))) if weights else view

    def choose(self, which: int | str, *, asking: bool = False) -> View:
        """Choose an option.

        Args:
            which: 1 or 2, of the two that are proposed; or the id or title of any that fits.
            asking: Whether that may be done while a question waits.

        Raises:
            UsageError: If nothing is proposed, or there is no such option.
        """
        view = self.view()
        offered = [view.decision.top, view.decision.backup]
        if view.state != "proposing" and not (asking and view.state == "asking"):
            raise UsageError(f"nothing can be chosen in {self.name}: it is {view.state}")
        if isinstance(which, int):
            option = offered[which - 1] if which in (1, 2) else None
        else:
            # An id is one thing's; a title may be another thing's id.
            fits = sorted(view.decision.options, key=lambda o: o.item.id != which)
            option = next((o for o in fits if which in (o.item.id, o.item.title)), None)
        if option is None:
            raise UsageError(f"there is no option {which}")
        view = self._add(Step(kind="chose", text=option.item.id))
        self.remember()
        return view

    def leave_out(self, ids: Iterable[str]) -> View:
        """Propose these things no more: they are not to be had."""
        there = {step.text for step in self.steps() if step.kind == "gone"}
        return self._add(*(Step(kind="gone", text=one) for one in ids if one not in there))

    def remember(self) -> None:
        """Keep what was chosen among the person's decisions, once."""
        view = self.view()
        if view.chosen is None:
            return
        text = f"{view.domain.done[-1]} {view.chosen.item.title}"
        there = self._memory.lines(DECISIONS)[0]
        if not any(line.text == text and line.source == self._source for line in there):
            self._memory.write(DECISIONS, text, heading=view.domain.name, source=self._source)

    def feedback(self, text: str) -> list[Proposal]:
        """Keep what somebody says of what they chose, and propose what it says of their taste.

        The words are theirs and are written down as they are; what is read from them is only
        proposed. Praise or blame without a taste in it is of the kinds of what was chosen.

        Raises:
            UsageError: If nothing is chosen yet, or the text cannot stand in a line.
        """
        view = self.view()
        if view.chosen is None:
            raise UsageError(f"nothing is chosen in {self.name}, so there is nothing to say of it")
        item, name = view.chosen.item, view.domain.name
        today = date.fromisoformat(self.steps()[0].day)
        self._memory.write(
            DECISIONS, f"of {item.title}: {text}", heading=name, source=self._source
        )  # fmt: skip
        return [
            self._memory.propose(
                PREFERENCES, line, heading=name, source=self._source, origin="decision"
            )
            for line in learned_from(text, item, view.catalogue, today=today)
        ]

    def back(self) -> View:
        """Take the last step away; what was chosen stays in the memory until a person edits it."""
        return self._add(Step(kind="back"))

    def _add(self, *steps: Step) -> View:
        with FileLock(f"{self.path}.lock"):
            for step in steps:
                append_line(self.path, _line(step))
        return self.view()

    def _catalogue(self, wish: Step, domain: Domain) -> Catalogue:
        """Read the catalogues of a wish; anew only where a file or the place has changed."""
        paths, near = [Path(p) for p in wish.catalogues], self._near(wish)
        marks = [(s.st_mtime_ns, s.st_size) for p in paths if p.exists() for s in [p.stat()]]
        key = (paths, marks, near, domain, wish.day)
        if self._known is None or self._known[0] != key:
            today = date.fromisoformat(wish.day)
            self._known = key, read_catalogue(paths, domain, near=near, today=today)
        return self._known[1]

    def _wanted(self, catalogue: Catalogue, steps: Sequence[Step]) -> Wanted:
        """Put together what the wish, the answers and the memory say; what was said last holds."""
        wish, today = steps[0], date.fromisoformat(steps[0].day)
        said = read_wish(wish.text, catalogue, today=today, source="your wish")
        wanted = Wanted(
            conditions=(*said.conditions, *_not_past(catalogue, today)), tastes=said.tastes,
            stressed=said.stressed,
            settled=frozenset(said.settled()), been=self._been(catalogue.domain),
            unread=said.unread,
        )  # fmt: skip
        for step in steps[1:]:
            if step.kind == "answered":
                found = _read_answer(step.text, step.field, catalogue, today)
                wanted = replace(
                    wanted, conditions=(*wanted.conditions, *found),
                    settled=wanted.settled | {step.field},
                )  # fmt: skip
            elif step.kind == "weighed":
                wanted = replace(wanted, weights={**wanted.weights, **step.weights})
            elif step.kind == "gone":
                wanted = replace(wanted, gone=wanted.gone | {step.text})
        return self._remembered(catalogue, wanted, today)

    def _remembered(self, catalogue: Catalogue, wanted: Wanted, today: date) -> Wanted:
        """Add what the memory says of fields that nothing else was said about."""
        strict = {f.name for f in catalogue.domain.fields.values() if f.strict}
        unread = wanted.unread
        for line in self._memory.lines(PREFERENCES)[0]:
            if line.heading.casefold() not in ("", "everything", catalogue.domain.name):
                continue
            if line.text.casefold().startswith(catalogue.domain.done):
                continue
            known = read_wish(
                line.text, catalogue, today=today, source=f"{PREFERENCES}:{line.number}", soft=True
            )
            unread = (*unread, *(f"{u} ({PREFERENCES}:{line.number})" for u in known.unread))
            free = _free(known, wanted.settled - strict)
            wanted = replace(
                wanted, conditions=(*wanted.conditions, *free.conditions),
                tastes=(*wanted.tastes, *free.tastes),
                stressed={**free.stressed, **wanted.stressed},
            )  # fmt: skip
        spoken = Wish(tastes=tuple(taste for taste, _ in self._proxy.tastes(catalogue)))
        tasted = {taste.tag for taste in wanted.tastes}
        free = [t for t in _free(spoken, wanted.settled).tastes if t.tag not in tasted]
        wanted = replace(wanted, tastes=(*wanted.tastes, *free))
        # What is known is not asked: a condition, or what they like of a kind. What they do not
        # like leaves that open.
        known = {c.field for c in wanted.conditions if c.settles}
        known |= {taste.field for taste in wanted.tastes if taste.sign > 0}
        return replace(
            wanted, settled=wanted.settled | known, unread=unread,
            unspoken=self._proxy.knows and not spoken.tastes,
        )  # fmt: skip

    def _near(self, wish: Step) -> Place | None:
        """Return where the person is: as they said, or "home: 50.73, 7.10" of their profile."""
        if wish.near:
            return read_place(wish.near)
        for line in self._memory.lines(PROFILE)[0]:
            key, _, said = line.text.partition(":")
            if key.strip().casefold() == "home":
                with suppress(UsageError):  # an address in words is none
                    return read_place(said)
        return None

    def _been(self, domain: Domain) -> frozenset[str]:
        """Return the lines that say what the person has had before."""
        found: set[str] = set()
        for file in (DECISIONS, PREFERENCES):
            for line in self._memory.lines(file)[0]:
                if line.source == self._source:
                    # What is chosen here is not what they have had before it.
                    continue
                low = line.text.casefold()
                for words in domain.done if line.heading.casefold() in ("", domain.name) else ():
                    if low.startswith(words):
                        found.add(low[len(words) :].strip(' :.“”"'))
        return frozenset(found)


def steps_in(path: Path) -> list[Step]:
    """Return the steps of a dialogue's file that hold."""
    held: list[Step] = []
    # Only "\n" ends a line here: an answer may hold other ends, and a torn line is no step.
    for line in path.read_text("utf-8", errors="replace").split("\n"):
        step = _step(line)
        if step is None:
            continue
        if step.kind == "back":
            # The wish itself is not gone back on: that would be another dialogue. What is not
            # to be had was not said by the person, and stays so.
            said = [place for place, one in enumerate(held) if one.kind != "gone"]
            held = held[: said[-1]] + held[said[-1] + 1 :] if len(said) > 1 else held
        else:
            held.append(step)
    return held


def begin_dialogue(
    folder: Path, wish: str, *, memory: Memory, proxy: Proxy, domain: Domain,
    catalogues: Sequence[Path],
    today: date, name: str, near: Place | None = None,
) -> Dialogue:  # fmt: skip
    """Begin a dialogue.

    Args:
        folder: Where dialogues are kept.
        wish: What the person wants.
        memory: What is known of them.
        proxy: What their own words say.
        domain: Kind of things to choose from.
        catalogues: Files of what there is.
        today: What "tonight" means.
        name: Eight hexadecimal digits.
        near: Where the person is; what their profile says, where nothing is.

    Raises:
        UsageError: If the wish is empty or a catalogue cannot be read.
    """
    if not wish.strip():
        raise UsageError("say what you would like: manyminds recommend 'dinner tonight'")
    read_catalogue(catalogues, domain, today=today)
    own_folder(folder.parent)
    own_folder(folder)
    dialogue = Dialogue(folder / f"{name}.jsonl", memory, proxy)
    step = Step(
        kind="wished", text=" ".join(wish.split()), day=today.isoformat(), domain=domain.where,
        catalogues=tuple(str(path.expanduser().resolve()) for path in catalogues),
        near="" if near is None else f"{near.latitude},{near.longitude}",
    )  # fmt: skip
    write_whole(dialogue.path, _line(step) + "\n")
    return dialogue


def open_dialogue(folder: Path, name: str, memory: Memory, proxy: Proxy) -> Dialogue:
    """Open a dialogue that was begun; `last` is the one that was gone on with last.

    Raises:
        UsageError: If there is none.
    """
    there = sorted(folder.glob("*.jsonl"), key=lambda p: p.stat().st_mtime)
    if name == "last" and there:
        return Dialogue(there[-1], memory, proxy)
    path = folder / f"{name}.jsonl"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise UsageError(f"no dialogue {name!r}; begin one: manyminds recommend WISH")
    return Dialogue(path, memory, proxy)


def _read_answer(text: str, field: str, catalogue: Catalogue, today: date) -> tuple[Condition, ...]:
    """Return the conditions of an answer that are about what was asked."""
    one = catalogue.domain.fields[field]
    source = f"your answer about {field}"
    if _no_matter(text):
        return ()
    found = read_wish(text, catalogue, today=today, source=source)
    mine = [c for c in found.conditions if c.field == field]
    # Who is asked and says "rather mild" means mild.
    mine += [
        Condition(
            field=field, test="all" if t.sign > 0 else "none", value=(t.tag,), said=t.said,
            source=source,
        )
        for t in found.tastes if t.field == field
    ]  # fmt: skip
    said = ""
    if not mine and one.measured and re.fullmatch(r"\D{0,12}\d[\d.,]*k?\D{0,8}", text):
        # A bare number answers the question that was asked.
        bound = "at most" if one.better == "less" else "at least"
        said = f"{one.words[0] if one.words else one.name} {bound} {text} {one.unit}"
    elif not mine and one.kind == "yes" and _YES.match(text.casefold()):
        said = one.words[0]
    if said:
        found = read_wish(said, catalogue, today=today, source=source)
        mine = [c for c in found.conditions if c.field == field]
    return tuple(replace(condition, said=text) for condition in mine)


def _not_past(catalogue: Catalogue, today: date) -> list[Condition]:
    """Return that what is over is not proposed."""
    begin = datetime.combine(today, datetime.min.time())
    return [
        Condition(
            field=one.name, test="not_past", value=Span(begin=begin, end=begin + _EVER),
            said="not over yet", source="today",
        )
        for one in catalogue.domain.fields.values()
        if one.kind == "time" and one.better is None
        and any(one.name in item.values for item in catalogue.items)
    ]  # fmt: skip


def _no_matter(text: str) -> bool:
    low = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip()
    return not low or bool(_NO_MATTER.fullmatch(low))


def _free(known: Wish, settled: frozenset[str] | set[str]) -> Wish:
    """Return what is not settled otherwise."""
    return Wish(
        conditions=tuple(c for c in known.conditions if c.field not in settled and c.test != "new"),
        tastes=tuple(t for t in known.tastes if t.field not in settled),
        stressed={f: w for f, w in known.stressed.items() if f not in settled},
    )


def _line(step: Step) -> str:
    told = {k: v for k, v in asdict(step).items() if v not in ("", (), {})}
    return json.dumps(told, ensure_ascii=False)


def _step(line: str) -> Step | None:
    """Read a step; a line that was cut off while it was written is none."""
    try:
        told: Any = json.loads(line)
        return replace(Step(**told), catalogues=tuple(told.get("catalogues", ())))
    except (ValueError, TypeError, AttributeError):
        return None
