"""`manyminds recommend`: a first option and a backup, by what there is and what one likes."""

import asyncio
import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.speech import NOT_BOTH, SILENT, SpeechFlags, heard_as_json
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.recommend.catalogue.item import shown
from manyminds.recommend.catalogue.kept import catalogues_for, domain_for
from manyminds.recommend.catalogue.place import read_place
from manyminds.recommend.deciding.weigh import Option
from manyminds.recommend.deciding.wish import Taste, read_as
from manyminds.recommend.dialogue import Dialogue, View, begin_dialogue, open_dialogue
from manyminds.recommend.page.write import decision_page
from manyminds.recommend.proxy import Proxy
from manyminds.recommend.talking import expected, said, told
from manyminds.runtime.links import Looked, look_at_links
from manyminds.runtime.paths import cache_home, person_home
from manyminds.runtime.remembering import memory_of, today_here
from manyminds.tools.web.fetch import Fetcher

__all__ = ["NO_MOVE", "MoveFlags", "recommend"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]
_LINK_S = 10.0
"""For one address."""
_QUOTED = 120
"""Characters of a sentence that is quoted."""
_OTHERS = 6
"""Options that are named beside the two."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class MoveFlags:
    """Flags of what is said to a dialogue."""

    weight: Sequence[str] = ()
    """What a field counts beside the others: price=2; `taste` is what you like."""
    back: Flag = False
    """Take the last step back."""
    answer: str | None = None
    """The answer to the question that waits."""
    choose: str | None = None
    """1 for the first option, 2 for the backup, or the title of another that fits; it is
    remembered as a decision."""

    feedback: str | None = None
    """What you say of what you chose: kept as you say it; what it says of your taste is proposed
    (`manyminds memory proposals`)."""

    @property
    def words(self) -> bool:
        """Whether something is answered, chosen, taken back or said of it."""
        said = (self.answer, self.choose, self.feedback)
        return self.back or any(one is not None for one in said)

    def made(self, dialogue: Dialogue, *, asking: bool) -> View:
        """Make the moves, and return where the dialogue stands then."""
        dialogue.weigh(dict(map(_weight, self.weight)))
        if self.back:
            dialogue.back()
        if self.answer is not None:
            dialogue.answer(self.answer)
        if self.choose is not None:
            dialogue.choose(_which(self.choose), asking=asking)
        if self.feedback is not None:
            proposed = [proposal.text for proposal in dialogue.feedback(self.feedback)]
            notice(
                f"kept; proposed: {'; '.join(proposed)} (manyminds memory proposals)"
                if proposed else "kept; it says nothing of your taste that could be read"
            )  # fmt: skip
        return dialogue.view()


NO_MOVE = MoveFlags()


def recommend(
    wish: str | None = None,
    /,
    *,
    from_: Annotated[Sequence[Path], Parameter(name="--from")] = (),
    domain: str | None = None,
    go_on: str | None = None,
    moves: MoveFlags = NO_MOVE,
    ask: bool = True,
    near: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    links: Flag = False,
    speech: SpeechFlags = SILENT,
    out: Path | None = None,
    me: Path | None = None,
    json_: Json = False,
) -> int:
    """Choose from what there is: Top 1 and Backup 1, with what each gives up against the other.

    Every condition of your words holds of both. At most one thing is asked at a time, and only what
    would change the result.

    Args:
        wish: What you would like: "dinner tonight, somewhere I haven't been, under 25 euros".
        from_: Files of what there is: CSV, JSON, iCalendar, HTML; those in your folder
            `catalogues` that begin with the domain's name, where nothing is said.
        domain: dining, events, films, jobs, shopping, travel, or a YAML file of your own; by the
            words of the wish, where nothing is said.
        go_on: Go on with a dialogue: its name, or `last`.
        moves: What you say to it.
        ask: Ask what is missing; `--no-ask` chooses with what is known.
        near: Where you are, as 50.73,7.10: things that say where they are get a distance. Without
            it, "home: 50.73, 7.10" of your profile.
        links: Look whether the addresses of what is proposed answer; what is gone is not proposed.
        speech: Recordings in place of words.
        out: Write the table as a page, too, with weights that can be moved: table.html.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    home = person_home(me)
    if speech.hear and moves.words:
        raise UsageError(NOT_BOTH)
    wished = None if go_on else speech.heard(wish)
    dialogue = _dialogue(wished.text if wished else wish, go_on, domain, from_, home, near)
    replied = speech.heard(wish, expected(dialogue.view())) if go_on else None
    view = moves.made(dialogue, asking=not ask)
    if replied:
        view = said(dialogue, replied.text)
    elif ask and not (moves.words or speech.hear or json_) and sys.stdin.isatty():
        view = _talk(dialogue, view)
    view, looked = asyncio.run(_linked(dialogue, view)) if links else (view, Looked())
    if out is not None:
        out.write_text(decision_page(dialogue, view), "utf-8")
    if json_:
        row = _as_json(dialogue, view, looked, ask=ask)
        print(json.dumps({**row, "heard": heard_as_json(wished or replied)}, ensure_ascii=False))
    else:
        print(safe(_as_text(dialogue, view, looked, ask=ask)))
    speech.tell(told(view, ask=ask))
    return ANSWERED if view.decision.top else NO_ANSWER


async def _linked(dialogue: Dialogue, view: View) -> tuple[View, Looked]:
    fetcher = Fetcher(cache=None, now=lambda: datetime.now(UTC), seconds=_LINK_S)
    try:
        return await look_at_links(dialogue, view, fetcher)
    finally:
        await fetcher.close()


def _looked_as_text(looked: Looked) -> list[str]:
    if looked.unreached and not looked.dead:
        return ["", "No address answered, so nothing is left out: is this machine online?"]
    rows = [f"Left out, {why}" for why in looked.dead.values()]
    rows += [f"Not sure whether it is still to be had: {why}" for why in looked.unsure.values()]
    return ["", *rows] if rows else []


def _looked_as_json(looked: Looked) -> JsonValue:
    answer: list[JsonValue] = [*sorted(looked.answers)]
    return {"answer": answer, "dead": {**looked.dead}, "unsure": {**looked.unsure}}


def _dialogue(
    wish: str | None, go_on: str | None, domain: str | None, from_: Sequence[Path], home: Path,
    near: str | None,
) -> Dialogue:  # fmt: skip
    """Begin a dialogue, or open one that was begun."""
    memory, proxy, folder = memory_of(home), Proxy(home, cache_home()), home / "dialogues"
    if wish is None and go_on is not None:
        return open_dialogue(folder, go_on, memory, proxy)
    if wish is None or go_on is not None:
        raise UsageError(
            'say what you would like, or go on: manyminds recommend "dinner tonight" | --go-on last'
        )
    chosen = domain_for(domain, wish)
    today = today_here()
    return begin_dialogue(
        folder, wish, memory=memory, proxy=proxy, domain=chosen,
        catalogues=catalogues_for(from_, chosen, home), today=today, name=secrets.token_hex(4),
        near=None if near is None else read_place(near),
    )  # fmt: skip


def _which(said: str) -> int | str:
    return int(said) if said in ("1", "2") else said


def _weight(said: str) -> tuple[str, float]:
    field, _, number = said.partition("=")
    try:
        return field.strip(), float(number)
    except ValueError:
        raise UsageError(f"--weight takes FIELD=NUMBER, as price=2, not {said!r}") from None


def _talk(dialogue: Dialogue, view: View) -> View:
    """Ask in the terminal until nothing is worth asking."""
    while view.asked is not None:
        likely = " · ".join(answer.text for answer in view.asked.answers[:5])
        sys.stderr.write(safe(f"{view.asked.text}\n  ({likely} · no matter)\n> "))
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            break
        try:
            view = dialogue.answer(line.strip() or "no matter")
        except UsageError as error:
            notice(str(error))
    return view


def _as_text(dialogue: Dialogue, view: View, looked: Looked, *, ask: bool) -> str:
    return "\n".join([_stands(dialogue, view, ask=ask), *_looked_as_text(looked)])


def _stands(dialogue: Dialogue, view: View, *, ask: bool) -> str:
    top, backup = view.decision.top, view.decision.backup
    if view.chosen is not None:
        link = f" · {view.chosen.item.link}" if view.chosen.item.link else ""
        return (
            f"Chosen: {view.chosen.item.title}{link}  [{view.chosen.item.source}]\n"
            f"manyminds do --go-on {dialogue.name} does it; "
            f"recommend --go-on {dialogue.name} --feedback TEXT says how it was"
        )
    if view.asked is not None and ask:
        then = f", else {backup.item.title}" if backup else ""
        so_far = f"As things stand: {top.item.title}{then}." if top else "Nothing fits so far."
        return "\n".join([
            view.asked.text,
            *(f"  {a.text:24} then {a.leads_to} comes first" for a in view.asked.answers), so_far,
            f"manyminds recommend --go-on {dialogue.name} --answer TEXT (or: no matter)",
        ])  # fmt: skip
    if top is None:
        rows = [f"Nothing of {len(view.catalogue.items)} meets every condition."]
    else:
        rows = _side_by_side([option for option in (top, backup) if option], view)
    rows += _grounds(view)
    if view.decision.turns:
        rows += ["", "What would change this:"]
        rows += [f"  {turn.what}: {turn.leads_to}" for turn in view.decision.turns]
    named: dict[str, Option] = {}
    for option in view.decision.options:
        named.setdefault(option.item.title, option)  # what comes again, once
    others = [o for o in named.values() if o is not top and o is not backup][:_OTHERS]
    if others:
        rows += ["", "Then: " + ", ".join(f"{o.item.title} ({o.score:.0%})" for o in others)]
    if top is not None:
        rows += ["", f"manyminds recommend --go-on {dialogue.name} --choose 1"]
    return "\n".join(rows)


def _side_by_side(options: list[Option], view: View) -> list[str]:
    """Return the options as columns, field by field; what is better of two is marked."""
    better = {trade.field: trade.better for trade in view.decision.trade_offs}
    weights = {part.field: part.weight for part in options[0].parts}
    rows = [
        ["", *("Top 1", "Backup 1")[: len(options)]],
        ["", *(option.item.title for option in options)],
        ["score", *(f"{option.score:.0%}" for option in options)],
    ]
    for name, field in view.domain.fields.items():
        if any(name in option.item.values for option in options):
            head = f"{name} ×{weights[name]:g}" if name in weights else name
            cells = [shown(option.item.values.get(name), field.unit) for option in options]
            if name in better and better[name] is not None:
                cells[0 if better[name] == "first" else 1] += " ✓"
            rows.append([head, *cells])
    for option in options:
        for taste in (why for part in option.parts for why in part.why):
            said = f"you {'like' if taste.sign > 0 else 'do not like'} {taste.tag} ({taste.source})"
            rows.append(["", *(said if other is option else "" for other in options)])
    rows.append(["from", *(option.item.source for option in options)])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _grounds(view: View) -> list[str]:
    """Return what the options were held to, what was weighed, and what could not be."""
    wanted, rows = view.wanted, [""]
    held = [
        f"{read_as(c, view.domain)} ({c.source})" for c in wanted.conditions if c.test != "not_past"
    ]
    rows += ["Held to: " + "; ".join(held)] if held else []
    rows += ["Weighed: " + "; ".join(map(_liked, wanted.tastes))] if wanted.tastes else []
    if wanted.unspoken:
        rows += ["Your own documents say nothing of what there is here."]
    if wanted.unread:
        rows += ["Not held to, for the catalogue does not say it: " + "; ".join(wanted.unread)]
    if view.catalogue.left_out:
        rows += [f"Rows that are no items: {', '.join(view.catalogue.left_out[:3])}"]
    if view.decision.unsure:
        rows += [f"{view.decision.unsure} more may fit, but do not say all that was asked for."]
    return rows if len(rows) > 1 else []


def _liked(taste: Taste) -> str:
    """Return what somebody likes, and where they say so in which words, if it is written down."""
    plain = f"{'likes' if taste.sign > 0 else 'does not like'} {taste.tag}"
    if ":" not in taste.source:
        return plain
    said = " ".join(taste.said.split())
    cut = said if len(said) <= _QUOTED else f"{said[: _QUOTED - 1]}…"
    more = f" and {taste.times - 1} more like it" if taste.times > 1 else ""
    return f'{plain} ("{cut}", {taste.source}{more})'


def _as_json(dialogue: Dialogue, view: View, looked: Looked, *, ask: bool) -> dict[str, JsonValue]:
    decision = view.decision
    asked = view.asked if ask else None
    told: dict[str, JsonValue] = {
        "outcome": "question" if asked else "answered" if decision.top else "none", "cost": None,
        "dialogue": dialogue.name,
        "state": "proposing" if view.state == "asking" and not ask else view.state,
        "domain": view.domain.name,
        "question": None if asked is None else {
            "field": asked.field, "text": asked.text, "gain": round(asked.gain, 4),
            "answers": [{"text": a.text, "leads_to": a.leads_to} for a in asked.answers],
        },
        "top": _option(decision.top, view), "backup": _option(decision.backup, view),
        "trade_offs": [
            {"field": t.field, "better": t.better, "text": t.text} for t in decision.trade_offs
        ],
        "conditions": [
            {
                "field": c.field, "test": c.test, "said": c.said, "source": c.source,
                "read": read_as(c, view.domain),
            }
            for c in view.wanted.conditions
        ],
        "tastes": [asdict(t) for t in view.wanted.tastes],
        "unread": list(view.wanted.unread), "documents_silent": view.wanted.unspoken,
        "changes": [asdict(t) for t in decision.turns],
        "feasible": len(decision.options), "unsure": decision.unsure,
        "options": [_option(option, view) for option in decision.options[: _OTHERS + 2]],
        "chosen": None if view.chosen is None else view.chosen.item.id,
        "links": _looked_as_json(looked),
    }  # fmt: skip
    return told


def _option(option: Option | None, view: View) -> JsonValue:
    if option is None:
        return None
    return {
        "id": option.item.id, "title": option.item.title, "score": round(option.score, 4),
        "source": option.item.source, "link": option.item.link,
        "values": {
            name: shown(value, view.domain.fields[name].unit)
            for name, value in option.item.values.items()
        },
        "parts": [
            {"field": p.field, "share": _rounded(p.share), "weight": p.weight} for p in option.parts
        ],
    }  # fmt: skip


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
