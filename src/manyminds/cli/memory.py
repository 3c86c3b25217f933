"""`manyminds memory`: what is remembered of a person, in files that they can edit."""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.recommend.catalogue.domain import domain_named, domain_names
from manyminds.recommend.had import had_before
from manyminds.recommend.memory.home import (
    DECISIONS,
    PREFERENCES,
    PROFILE,
    Proposal,
    own_folder,
)
from manyminds.recommend.memory.line import Line
from manyminds.runtime.paths import person_home
from manyminds.runtime.remembering import memory_of

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
Where = Literal["preferences", "profile", "decisions", "today"]
_FILES: dict[str, str] = {"preferences": PREFERENCES, "profile": PROFILE, "decisions": DECISIONS}

app = App(name="memory", help="Show and change what is remembered of you.")


@app.default
def show(*, me: Path | None = None, json_: Json = False) -> int:
    """Show what is remembered, each line with its day and source, and what waits for your yes.

    Args:
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    memory = memory_of(person_home(me))
    files = {file: memory.lines(file) for file in memory.files()}
    waiting = memory.proposals()
    if json_:
        held: dict[str, JsonValue] = {
            f: [_told(one) for one in now] for f, (now, _) in files.items()
        }
        gone: dict[str, JsonValue] = {
            f: [_told(one) for one in old] for f, (_, old) in files.items()
        }
        told = {"outcome": "answered", "cost": None, "folder": str(memory.folder), "lines": held}
        print(
            json.dumps(
                {**told, "taken_over": gone, "proposals": [_shown(p) for p in waiting]},
                ensure_ascii=False,
            )
        )
        return ANSWERED
    rows: list[str] = [f"{memory.folder}: files are yours to edit; what they say holds at once"]
    for file, (now, old) in files.items():
        rows += ["", file]
        rows += [_row(line) for line in now]
        rows += [f"     (no longer: {line.text})" for line in old]
    if not any(now for now, _ in files.values()):
        rows += ["", 'nothing yet; say something: manyminds memory add "no peanuts" --about dining']
    if waiting:
        rows += ["", f"{len(waiting)} proposed: manyminds memory proposals"]
    print(safe("\n".join(rows)))
    return ANSWERED


@app.command
def add(
    text: str,
    *,
    about: str = "",
    to: Where = "preferences",
    me: Path | None = None,
    json_: Json = False,
) -> int:
    """Remember a line that you say.

    Args:
        text: What to remember; a later line takes the place of one that it contradicts.
        about: The heading it goes under: dining, events, travel, shopping, jobs, films.
        to: Which file; `today` is the day's own, for what happened and need not be weighed.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    memory = memory_of(person_home(me))
    line = memory.write(_FILES.get(to) or memory.today, text, heading=about, source="you")
    if about and about.casefold() not in ("everything", *domain_names()):
        notice(
            f"{about} is no domain, so `recommend` will not read it: {', '.join(domain_names())}"
        )
    print(
        json.dumps({"outcome": "answered", "cost": None, "line": line.written()})
        if json_
        else safe(line.written())
    )
    return ANSWERED


@app.command(name="import")
def import_(file: Path, *, about: str, me: Path | None = None, json_: Json = False) -> int:
    """Remember what you have had before, from a file that you keep of it.

    Each title becomes a line of DECISIONS.md, of its day: what is new to you is known by it.

    Args:
        file: A table, a calendar, JSON or a page, with titles and perhaps days.
        about: What they are: dining, events, travel, shopping, jobs, films.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    said = had_before(file.expanduser(), domain_named(about))
    memory = memory_of(person_home(me))
    new = memory.write_all(DECISIONS, said, heading=about, source=file.name)
    if json_:
        told = {"outcome": "answered", "cost": None, "found": len(said), "new": len(new)}
        print(json.dumps(told))
    else:
        known = f", {len(said) - len(new)} stood there before" if len(new) < len(said) else ""
        print(safe(f"{len(new)} remembered in {memory.folder / DECISIONS}{known}"))
    return ANSWERED


@app.command
def remove(
    line: int, *, of: Where = "preferences", me: Path | None = None, json_: Json = False
) -> int:
    """Take a line out.

    Args:
        line: Its number, as `manyminds memory` shows it.
        of: Of which file.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    memory = memory_of(person_home(me))
    gone = memory.remove(_FILES.get(of) or memory.today, line)
    told = {"outcome": "answered", "cost": None, "removed": _told(gone)}
    print(json.dumps(told, ensure_ascii=False) if json_ else safe(f"removed: {gone.text}"))
    return ANSWERED


@app.command
def edit(of: Where = "preferences", /, *, me: Path | None = None) -> int:
    """Open a file in your editor ($VISUAL or $EDITOR), and show what you changed.

    Args:
        of: Which file.
        me: Folder of what is known of you, instead of the usual one.
    """
    memory = memory_of(person_home(me))
    file = _FILES.get(of) or memory.today
    path = own_folder(memory.folder) / file
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError(f"set EDITOR, or open it yourself: {path}")
    path.parent.mkdir(exist_ok=True)
    before = memory.text(file)
    try:
        subprocess.run([*shlex.split(editor), str(path)], check=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise UsageError(f"{editor} did not open {path}: {error}") from error
    changes = unified_diff(before.splitlines(), memory.text(file).splitlines(), lineterm="", n=0)
    shown = [row for row in changes if row[:1] in "+-" and not row.startswith(("+++", "---"))]
    print(safe("\n".join(shown) if shown else "nothing was changed"))
    return ANSWERED


@app.command
def proposals(*, me: Path | None = None, json_: Json = False) -> int:
    """Show what is proposed, as a difference; nothing is written down without you.

    Args:
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    memory = memory_of(person_home(me))
    waiting = memory.proposals()
    if json_:
        told = [{**_shown(p), "diff": memory.diff(p)} for p in waiting]
        print(
            json.dumps({"outcome": "answered", "cost": None, "proposals": told}, ensure_ascii=False)
        )
        return ANSWERED
    for proposal in waiting:
        print(
            safe(
                f"{proposal.id}  from {proposal.origin}: {proposal.source}\n"
                f"{memory.diff(proposal)}\n"
            )
        )
    print("manyminds memory accept ID | reject ID" if waiting else "nothing is proposed")
    return ANSWERED


@app.command
def accept(ids: Sequence[str], /, *, me: Path | None = None, json_: Json = False) -> int:
    """Write proposals down.

    Args:
        ids: Names as `manyminds memory proposals` shows them.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    memory = memory_of(person_home(me))
    return _done("remembered", [memory.accept(name) for name in ids], json_=json_)


@app.command
def reject(ids: Sequence[str], /, *, me: Path | None = None, json_: Json = False) -> int:
    """Forget proposals.

    Args:
        ids: Names as `manyminds memory proposals` shows them.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    memory = memory_of(person_home(me))
    return _done("forgot", [memory.reject(name) for name in ids], json_=json_)


def _done(what: str, proposals: list[Proposal], *, json_: bool) -> int:
    if json_:
        told = {"outcome": "answered", "cost": None, what: [_shown(p) for p in proposals]}
        print(json.dumps(told, ensure_ascii=False))
    else:
        for proposal in proposals:
            print(safe(f"{what}: {proposal.text}"))
    return ANSWERED


def _told(line: Line) -> JsonValue:
    return {
        "text": line.text, "heading": line.heading, "source": line.source, "line": line.number,
        "on": None if line.on is None else line.on.isoformat(),
    }  # fmt: skip


def _shown(proposal: Proposal) -> dict[str, JsonValue]:
    return {"id": proposal.id, **asdict(proposal)}


def _row(line: Line) -> str:
    said = f"{line.on or 'no day'}, from {line.source or 'your own hand'}"
    return f"{line.number:>4} {line.heading + ': ' if line.heading else ''}{line.text}  ({said})"
