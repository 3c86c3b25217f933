"""Proposals in the background: a wish that is looked at again and again, within caps and hours.

What is proposed is written down before it is told, so that a process that dies in between proposes
nothing twice and goes over no cap; what was never told stands in the file all the same.
"""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.dialogue import begin_dialogue
from manyminds.recommend.files import append_line, write_whole
from manyminds.recommend.memory.home import Memory, own_folder
from manyminds.recommend.proxy import Proxy
from manyminds.runtime.schedules.times import Quiet, When

__all__ = ["Proposal", "Watching", "add_watch", "look", "proposals", "remove_watch", "watches"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Watching:
    """A wish that is looked at again and again."""

    name: str
    wish: str
    domain: str
    catalogues: tuple[str, ...]
    when: When
    since: str
    """When it was made, ISO 8601."""
    quiet: Quiet | None = None
    per_day: int = 1
    per_week: int = 3
    """Most proposals in a day of the calendar, and in seven."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One thing that was proposed."""

    at: str
    """ISO 8601."""
    id: str
    title: str
    score: float
    source: str
    dialogue: str
    """Where it can be chosen: manyminds recommend --go-on DIALOGUE."""


def add_watch(home: Path, watch: Watching) -> None:
    """Keep a wish.

    Raises:
        UsageError: If its name is none, or taken, or a cap is none.
    """
    if not _NAME.fullmatch(watch.name):
        raise UsageError(f"a watch is called by small letters and digits, not {watch.name!r}")
    if watch.per_day < 1 or watch.per_week < 1:
        raise UsageError("at least one proposal a day and a week; remove the watch for none")
    folder = _folder(home)
    own_folder(folder)
    path = folder / f"{watch.name}.json"
    if path.exists():
        raise UsageError(f"there is a watch {watch.name} already; manyminds watch remove it first")
    write_whole(path, _adapter().dump_json(watch, indent=1).decode() + "\n")


def watches(home: Path, on_notice: Callable[[str], None] = lambda _line: None) -> list[Watching]:
    """Return all that are kept; one that cannot be read keeps no other back, and is told."""
    found: list[Watching] = []
    for path in sorted(_folder(home).glob("*.json")):
        try:
            found.append(_read(path))
        except UsageError as error:
            on_notice(str(error))
    return found


def remove_watch(home: Path, name: str) -> None:
    """Look no more; what was proposed stays written down.

    Raises:
        UsageError: If there is none of that name.
    """
    path = _folder(home) / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise UsageError(f"there is no watch {name!r}; manyminds watch list")
    path.unlink()


def proposals(home: Path, name: str) -> list[Proposal]:
    """Return what was proposed for a wish so far, the first first."""
    path = _folder(home) / f"{name}.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [found for line in lines if (found := _line(line)) is not None]


def look(
    home: Path, watch: Watching, now: datetime, *, memory: Memory, proxy: Proxy,
    on_kept: Callable[[Proposal], None] = lambda _one: None,
) -> list[Proposal]:  # fmt: skip
    """Look at a wish if it is due, and return what is new and fits.

    Args:
        home: The person's folder.
        watch: The wish.
        now: The moment.
        memory: What is known of the person.
        proxy: What their own words say.
        on_kept: Told of each proposal when it is written down, before it is returned.

    Raises:
        UsageError: If a catalogue is gone or cannot be read.
    """
    own_folder(_folder(home))
    # Two that look at once would both propose the same.
    with FileLock(_folder(home) / f"{watch.name}.lock"):
        return _looked_at(home, watch, now, memory, proxy, on_kept)


def _looked_at(
    home: Path, watch: Watching, now: datetime, memory: Memory, proxy: Proxy,
    on_kept: Callable[[Proposal], None],
) -> list[Proposal]:  # fmt: skip
    past = proposals(home, watch.name)
    if (watch.quiet is not None and watch.quiet.covers(now)) or not _due(home, watch, now):
        return []
    room = _room(watch, past, now)
    if room < 1:
        return []  # it is looked at again when there is room
    told = {one.id for one in past} | {_same(one.title) for one in past}
    found: list[Proposal] = []
    # What is proposed can be chosen in it; where nothing is, nobody has use for it.
    dialogue = begin_dialogue(
        home / "dialogues", watch.wish, memory=memory, proxy=proxy,
        domain=domain_named(watch.domain), catalogues=[Path(p) for p in watch.catalogues],
        today=now.astimezone().date(), name=secrets.token_hex(4),
    )  # fmt: skip
    for option in dialogue.view().decision.options:
        item = option.item
        if item.id in told or _same(item.title) in told:
            continue
        told |= {item.id, _same(item.title)}
        one = Proposal(
            at=now.astimezone(UTC).isoformat(), id=item.id, title=item.title,
            score=round(option.score, 3), source=item.source, dialogue=dialogue.name,
        )  # fmt: skip
        _append(home, watch.name, one)
        on_kept(one)
        found.append(one)
        if len(found) == room:
            break
    if not found:
        dialogue.path.unlink()
    _looked(home, watch.name, now)
    return found


def _room(watch: Watching, past: list[Proposal], now: datetime) -> int:
    """Return how many more may be proposed now."""
    # By days of the calendar: a timer that comes a second early one day is not late the next.
    today = now.astimezone().date()
    days = [(today - datetime.fromisoformat(one.at).astimezone().date()).days for one in past]
    return min(watch.per_day - sum(d < 1 for d in days), watch.per_week - sum(d < 7 for d in days))


def _due(home: Path, watch: Watching, now: datetime) -> bool:
    path = _folder(home) / f"{watch.name}.looked"
    times = [watch.since, *([path.read_text("utf-8").strip()] if path.exists() else [])]
    since = max(datetime.fromisoformat(one) for one in times)
    return watch.when.last(now, since) is not None


def _looked(home: Path, name: str, now: datetime) -> None:
    write_whole(_folder(home) / f"{name}.looked", now.astimezone(UTC).isoformat() + "\n")


def _append(home: Path, name: str, one: Proposal) -> None:
    append_line(_folder(home) / f"{name}.jsonl", json.dumps(asdict(one), ensure_ascii=False))


def _line(text: str) -> Proposal | None:
    """Read one line; half a line, of a process that died writing it, was told to nobody."""
    try:
        return Proposal(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _same(title: str) -> str:
    """Return a title as it is compared: the same thing listed anew is no new thing."""
    return " ".join(re.findall(r"\w+", title.casefold()))


def _folder(home: Path) -> Path:
    return home / "watches"


def _read(path: Path) -> Watching:
    try:
        return _adapter().validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path}: no watch ({type(error).__name__}); mend or delete it") from None


def _adapter() -> TypeAdapter[Watching]:
    return TypeAdapter(Watching)
