"""Runs without this terminal: `--background`, `attach`, `resume`, `stop`, `cancel`, `fork`."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.reports import report_as_text
from manyminds.cli.runs import read_asked
from manyminds.cli.session import exit_code, looking_on
from manyminds.cli.steer import said, told
from manyminds.cli.view import View, choose_view, safe
from manyminds.cli.words import as_json_line, notice
from manyminds.core.errors import RunBusy, UsageError
from manyminds.core.events import PersonAsked, Recorded, RunEnded
from manyminds.runtime.ask import Asked
from manyminds.runtime.background import call_off, enqueue, spawn, take_up
from manyminds.runtime.background import fork as fork_run
from manyminds.runtime.elsewhere import fleet_of, in_touch, located, read_standing
from manyminds.runtime.kept import question_of, state_of, waits_for
from manyminds.runtime.notify import check_notify
from manyminds.runtime.orders import Order
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.person import PLAN
from manyminds.runtime.steer import CANCELLED
from manyminds.transcript.codec import decode, encode
from manyminds.transcript.store import is_written, read_transcript

__all__ = [
    "HERE",
    "BackgroundFlags",
    "approve",
    "attach",
    "cancel",
    "deny",
    "fork",
    "resume",
    "send_off",
    "stop",
]

Json = Annotated[bool, Parameter(name="--json", negative=())]
Quiet = Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())]
_LOOK_EVERY_S = 0.2
PRIORITY = 5
_STARTS_WITHIN_S = 60.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class BackgroundFlags:
    """Flags of a run that needs no terminal."""

    background: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """Print the run's name at once and let it go on by itself; `attach` shows it."""
    priority: int | None = None
    """With a fleet: 1 goes before 10; 5 by default."""
    notify: str | None = None
    """With --background: tell `desktop`, or a webhook's address, when it is over or needs you."""

    def __post_init__(self) -> None:
        """Refuse what cannot be done here."""
        if self.notify is not None:
            check_notify(self.notify)
            if not self.background:
                raise UsageError("--notify goes with --background; add it")
        if self.priority is not None and not (self.background and 1 <= self.priority <= 10):
            raise UsageError("--priority takes 1 to 10, and goes with --background and a fleet")


HERE = BackgroundFlags()
"""A run that this terminal waits for."""


def send_off(order: Order, away: BackgroundFlags, *, json_: bool, quiet: bool) -> int:
    """Let a run go on by itself, here or in the fleet, and print its name."""
    run = _ordered_afar(order, away)
    if run is None:
        run = enqueue(data_home(), order)
        spawn(data_home(), run)
    if json_:
        print(json.dumps({"run": run, "outcome": "none", "state": "queued", "cost": None}))
        return ANSWERED
    print(run)
    if not quiet:
        notice(f"see it work: manyminds attach {run}; end it: manyminds stop {run}")
    return ANSWERED


def _ordered_afar(order: Order, away: BackgroundFlags) -> str | None:
    """Put a run in the fleet's queue, where there is a fleet, and return its name."""
    with in_touch() as fleet:
        if fleet is not None:
            run = fleet.order(order, priority=PRIORITY if away.priority is None else away.priority)
            fleet.pull(data_home(), run)
            return run
    if away.priority is not None:
        raise UsageError("--priority goes with a fleet; name its database in MANYMINDS_FLEET")
    return None


def resume(
    run: str = "last",
    *,
    json_: Json = False,
    events: Annotated[bool, Parameter(negative=())] = False,
    quiet: Quiet = False,
) -> int:
    """Go on with a run whose process has ended; what it had done is not paid again.

    Args:
        run: Its name, a unique part of it, or `last`.
        json_: Print one JSON object.
        events: Print every event as a line of JSON instead.
        quiet: Show nothing but the answer.
    """
    path = located(data_home(), run)
    if read_standing(path.parent) is not None:
        return _resumed(path, json_=json_, events=events, quiet=quiet)
    view = choose_view(quiet=quiet or events, json_=json_)

    async def work() -> Asked:
        with looking_on(view, events=events) as watch:
            return await take_up(run, data=data_home(), cache=cache_home(), watch=watch)

    return _printed(asyncio.run(work()), json_=json_, events=events, quiet=quiet)


def _resumed(path: Path, *, json_: bool, events: bool, quiet: bool) -> int:
    """Let the fleet go on with a run, and show it."""
    if state_of(read_transcript(path)) == "finished":
        raise UsageError(f"run {path.parent.name} is over; see: manyminds show {path.parent.name}")
    with fleet_of(path.parent.name) as fleet:
        fleet.resume(path.parent.name)
    return attach(path.parent.name, json_=json_, events=events, quiet=quiet)


def _printed(asked: Asked, *, json_: bool, events: bool, quiet: bool) -> int:
    if not events:
        question = question_of(read_transcript(asked.transcript))
        print(as_json_line(asked) if json_ else report_as_text(asked, question, only=quiet))
    return exit_code(asked)


def attach(
    run: str = "last",
    *,
    json_: Json = False,
    events: Annotated[bool, Parameter(negative=())] = False,
    quiet: Quiet = False,
) -> int:
    """Show a run live, from any terminal; one whose process has ended is taken up again.

    Ctrl-C leaves it at work. The answer is printed when it is over.

    Args:
        run: Its name, a unique part of it, or `last`.
        json_: Print one JSON object.
        events: Print every event as a line of JSON instead.
        quiet: Show nothing but the answer.
    """
    path = located(data_home(), run)
    view = choose_view(quiet=quiet or events, json_=json_)
    try:
        if read_standing(path.parent) is None:
            asyncio.run(_follow(path, view, events=events))
        else:
            _follow_afar(path, view, events=events)
    except KeyboardInterrupt:
        notice(f"it goes on; see it again with: manyminds attach {path.parent.name}")
        return ANSWERED
    return _printed(read_asked(path), json_=json_, events=events, quiet=quiet)


async def _follow(path: Path, view: View, *, events: bool) -> None:
    taken_up = False
    with view:
        lines = _Lines(path)
        while not _show(path, lines, view, events=events):
            if not is_written(path) and not lines.more():
                if taken_up:
                    log = path.with_name("worker.log")
                    raise UsageError(f"run {path.parent.name} does not go on; {log} says why")
                spawn(data_home(), path.parent.name)
                taken_up = True
                await _taken_up(path)
            await asyncio.sleep(_LOOK_EVERY_S)


def _show(path: Path, lines: "_Lines", view: View, *, events: bool) -> bool:
    """Show what is new of a run; say whether that was its end."""
    for recorded in lines.new():
        view.on_event(recorded)
        if events:
            print(encode(recorded).decode(), end="", flush=True)
        if isinstance(recorded.event, RunEnded):
            return True
        if isinstance(recorded.event, PersonAsked):
            _ask(path.parent.name, recorded.event)
    return False


def _follow_afar(path: Path, view: View, *, events: bool) -> None:
    """Show a run that other machines work."""
    run, waiting = path.parent.name, False
    with fleet_of(run) as fleet, view:
        lines = _Lines(path)
        while True:
            standing = fleet.pull(data_home(), run)
            if _show(path, lines, view, events=events) or standing.over:
                return
            if standing.why is not None:
                raise UsageError(
                    f"run {run} stands still: {standing.why}; go on with: manyminds resume {run}"
                )
            if standing.worker is None and not waiting:
                notice("no worker is at it yet; begin one with: manyminds worker")
            waiting = standing.worker is None
            time.sleep(_LOOK_EVERY_S)


async def _taken_up(path: Path) -> None:
    """Wait for the process that was begun to open the run, as long as that may take."""
    for _ in range(int(_STARTS_WITHIN_S / _LOOK_EVERY_S)):
        if is_written(path) or state_of(read_transcript(path)) == "finished":
            return
        await asyncio.sleep(_LOOK_EVERY_S)


class _Lines:
    """The lines of a transcript that were not read yet."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._number = path, 0, 0

    def more(self) -> bool:
        """Say whether something was written that was not read yet."""
        return self._path.stat().st_size > self._read

    def new(self) -> Iterator[Recorded]:
        """Yield what was written since; half a line is left for later."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._number += 1
            yield decode(line, where=f"{self._path}:{self._number}")


def _ask(run: str, asked: PersonAsked) -> None:
    """Say what the run wants to know."""
    notice(f"{asked.what}: {asked.text}\nanswer with: manyminds approve {run}, or deny {run}")


def stop(
    run: str,
    *,
    answer_now: Annotated[bool, Parameter(negative=())] = False,
    json_: Json = False,
) -> int:
    """End a run with what is there: the same as `steer RUN now`.

    Args:
        run: Its name, a unique part of it, or `last`.
        answer_now: Changes nothing, it says what is done; `cancel` is for no answer at all.
        json_: Print one JSON object.
    """
    del answer_now
    return said(run, "now", "", json_=json_)


def cancel(run: str, *, json_: Json = False) -> int:
    """End a run of which nothing is wanted any more.

    Args:
        run: Its name, a unique part of it, or `last`.
        json_: Print one JSON object.
    """
    path = located(data_home(), run)
    if read_standing(path.parent) is not None:
        return _cancelled_afar(path, json_=json_)
    with suppress(RunBusy):
        call_off(data_home(), path.parent.name)
        return told(path.parent.name, CANCELLED, json_=json_)
    return said(run, "cancel", "", json_=json_)


def _cancelled_afar(path: Path, *, json_: bool) -> int:
    run = path.parent.name
    with fleet_of(run) as fleet:
        if not fleet.call_off(run):
            return said(run, "cancel", "", json_=json_)
        fleet.pull(data_home(), run)
    return told(run, CANCELLED, json_=json_)


def approve(
    run: str = "last",
    *,
    site: Annotated[bool, Parameter(negative=())] = False,
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    json_: Json = False,
) -> int:
    """Say yes to what a run waits for: its plan, or an address that nobody named.

    Args:
        run: Its name, a unique part of it, or `last`.
        site: Let all of the address's site be read, not only this page.
        all_: Let this run read whatever it asks for.
        json_: Print one JSON object.
    """
    return _answered(run, "run" if all_ else "site" if site else "page", json_=json_)


def deny(
    run: str = "last",
    *,
    never: Annotated[bool, Parameter(negative=())] = False,
    json_: Json = False,
) -> int:
    """Say no to what a run waits for.

    Args:
        run: Its name, a unique part of it, or `last`.
        never: Let nothing of the address's site be read, not only this page.
        json_: Print one JSON object.
    """
    return _answered(run, "never" if never else "no", json_=json_)


def _answered(run: str, what: str, *, json_: bool) -> int:
    asked = waits_for(read_transcript(located(data_home(), run)))
    if asked is None:
        raise UsageError(f"run {run} waits for nothing; see: manyminds attach {run}")
    notice(f"{'no' if what in ('no', 'never') else 'yes'} to the {asked.what}: {safe(asked.text)}")
    return said(run, what, PLAN if asked.what == "plan" else asked.text, json_=json_)


def fork(
    run: str = "last",
    *,
    from_: Annotated[int | None, Parameter(name="--from")] = None,
    background: Annotated[bool, Parameter(negative=())] = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> int:
    """Begin a new run with the first events of another one, and go on from there.

    What those events paid for is not paid again; the other run stays as it is. `attach RUN
    --events` prints them with their numbers.

    Args:
        run: Its name, a unique part of it, or `last`.
        from_: How many of its events to begin with; by default all but its end.
        background: Print the new run's name at once and let it go on by itself.
        json_: Print one JSON object.
        quiet: Show nothing but the answer.
    """
    new = fork_run(data_home(), located(data_home(), run).parent.name, from_)
    if background:
        spawn(data_home(), new)
        print(json.dumps({"run": new, "outcome": "none", "cost": None}) if json_ else new)
        return ANSWERED
    return resume(new, json_=json_, quiet=quiet)
