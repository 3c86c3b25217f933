"""`manyminds watch`: proposals in the background, within caps and outside of quiet hours."""

import asyncio
import json
import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.recommend.catalogue.kept import catalogues_for, domain_for
from manyminds.recommend.catalogue.read import read_catalogue
from manyminds.recommend.proxy import Proxy
from manyminds.runtime.notify import check_notify, notify
from manyminds.runtime.paths import cache_home, person_home
from manyminds.runtime.remembering import memory_of
from manyminds.runtime.schedules.times import parse_quiet, parse_when
from manyminds.runtime.watching import (
    Proposal,
    Watching,
    add_watch,
    look,
    proposals,
    remove_watch,
    watches,
)

__all__ = ["app"]

app = App(name="watch", help="Propose things in the background, within caps and quiet hours.")
Json = Annotated[bool, Parameter(name="--json", negative=())]
_TURN_S = 60.0


@app.command
def add(
    name: str,
    wish: str,
    /,
    *,
    from_: Annotated[Sequence[Path], Parameter(name="--from")] = (),
    domain: str | None = None,
    at: str | None = None,
    days: str | None = None,
    every: str | None = None,
    quiet_hours: str | None = "22:00-08:00",
    per_day: int = 1,
    per_week: int = 3,
    me: Path | None = None,
    json_: Json = False,
) -> int:
    """Keep a wish, to be looked at again and again.

    Args:
        name: What it is called: small letters and digits.
        wish: What you would like, as for `recommend`.
        from_: Files of what there is, read anew each time; as for `recommend`.
        domain: As for `recommend`.
        at: Times of the day: 07:30,18:00.
        days: With --at: mon,wed.
        every: Or every so often: 6h.
        quiet_hours: Nothing is proposed in them: 22:00-08:00; `none` for none.
        per_day: Most proposals a day.
        per_week: Most proposals in seven days.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    home, kind = person_home(me), domain_for(domain, wish)
    files = catalogues_for(from_, kind, home)
    read_catalogue(files, kind)  # what cannot be read is told now, not at the first look
    quiet = None if quiet_hours in (None, "none") else parse_quiet(quiet_hours)
    watch = Watching(
        name=name, wish=" ".join(wish.split()), domain=kind.where,
        catalogues=tuple(str(p.expanduser().resolve()) for p in files),
        when=parse_when(at, days, every), quiet=quiet, per_day=per_day, per_week=per_week,
        since=datetime.now(UTC).isoformat(),
    )  # fmt: skip
    add_watch(home, watch)
    print(json.dumps({"name": name, "when": str(watch.when)}) if json_ else _about(watch))
    return ANSWERED


@app.command(name="list")
def listed(*, me: Path | None = None, json_: Json = False) -> int:
    """List what is watched.

    Args:
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    found = watches(person_home(me), notice)
    if json_:
        rows: list[JsonValue] = [
            {
                "name": w.name, "wish": w.wish, "when": str(w.when),
                "per_day": w.per_day, "per_week": w.per_week,
            }
            for w in found
        ]  # fmt: skip
        print(json.dumps({"watches": rows}, ensure_ascii=False))
    else:
        print(safe("\n".join(map(_about, found)) or "nothing is watched; manyminds watch add"))
    return ANSWERED


@app.command(name="look")
def looked(
    name: str | None = None,
    /,
    *,
    stay: Annotated[bool, Parameter(negative=())] = False,
    notify_: Annotated[str | None, Parameter(name="--notify")] = None,
    me: Path | None = None,
    json_: Json = False,
) -> int:
    """Look at what is due, now: what a timer calls. Nothing is done with what is proposed.

    Args:
        name: Which; all of them, where nothing is said.
        stay: Stay and look whenever something is due, until Ctrl-C.
        notify_: Tell you by `desktop`, or by a POST to an address, too.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object a look.
    """
    home = person_home(me)
    if notify_ is not None:
        check_notify(notify_)
    while True:
        found = [w for w in watches(home, notice) if name in (None, w.name)]
        if name is not None and not found:
            raise UsageError(f"there is no watch {name!r}; manyminds watch list")
        told = list(_look_at(home, found))
        _tell(told, notify_, json_=json_, always=not stay)
        if not stay:
            return ANSWERED if told else NO_ANSWER
        time.sleep(_TURN_S)


@app.command
def show(name: str, /, *, me: Path | None = None, json_: Json = False) -> int:
    """Show all that was proposed.

    Args:
        name: Which watch.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    _tell([(name, one) for one in proposals(person_home(me), name)], None, json_=json_, always=True)
    return ANSWERED


@app.command
def remove(name: str, /, *, me: Path | None = None) -> int:
    """Look no more; what was proposed stays written down.

    Args:
        name: Which watch.
        me: Folder of what is known of you, instead of the usual one.
    """
    remove_watch(person_home(me), name)
    notice(f"{name} is not watched any more")
    return ANSWERED


def _look_at(home: Path, found: Iterable[Watching]) -> Iterable[tuple[str, Proposal]]:
    memory, proxy, now = memory_of(home), Proxy(home, cache_home()), datetime.now(UTC)
    for watch in found:
        try:
            for one in look(home, watch, now, memory=memory, proxy=proxy):
                yield watch.name, one
        except UsageError as error:  # one that cannot be looked at keeps no other back
            notice(f"{watch.name}: {error}")


def _tell(
    told: Sequence[tuple[str, Proposal]], how: str | None, *, json_: bool, always: bool
) -> None:
    rows: list[JsonValue] = [{"watch": name, **asdict(one)} for name, one in told]
    lines = [
        f"{name}: {one.title} ({one.source}); manyminds recommend --go-on {one.dialogue} "
        f"--no-ask --choose {shlex.quote(one.title)}"
        for name, one in told
    ]
    if json_:
        print(json.dumps({"proposals": rows}, ensure_ascii=False), flush=True)
    elif lines or always:
        print(safe("\n".join(lines) or "nothing new"), flush=True)
    if how is not None:
        for row, line, (name, one) in zip(rows, lines, told, strict=True):
            body: dict[str, JsonValue] = {"proposal": row, "line": line}
            if why := asyncio.run(notify(how, f"watch/{name}/{one.id}", body)):
                notice(why)


def _about(watch: Watching) -> str:
    quiet = f", quiet {watch.quiet.begins}-{watch.quiet.ends}" if watch.quiet else ""
    caps = f"{watch.per_day} a day and {watch.per_week} a week at most"
    return safe(f"{watch.name}: {watch.wish} ({watch.when}{quiet}; {caps})")
