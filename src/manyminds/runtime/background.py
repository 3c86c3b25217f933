"""Runs that go on without a terminal: begun in a process of their own, taken up after a crash."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import psutil

from manyminds.core.errors import ProviderError, RecordError, UsageError
from manyminds.core.events import (
    PersonAsked,
    Recorded,
    Replied,
    Requested,
    RequestFailed,
    RunEnded,
    Steered,
)
from manyminds.core.messages import JsonValue
from manyminds.core.values import Answer
from manyminds.runtime.ask import SOURCES, Asked, Carrier, Place, Watch, ask, new_run_id
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.notify import notify
from manyminds.runtime.orders import Order, read_order, write_order
from manyminds.runtime.person import Away
from manyminds.runtime.research import research
from manyminds.runtime.steer import CANCELLED
from manyminds.strategies.relay import Relay
from manyminds.transcript.store import (
    TranscriptWriter,
    new_transcript_path,
    read_transcript,
    transcript_path,
)

__all__ = ["call_off", "enqueue", "fork", "is_spawned", "spawn", "take_up"]

_LOG = "worker.log"
_TOLD = "told"
"""Is there once the person was told that the run is over."""
_PROCESS = "process"
"""Number of the process that was begun for a run, and when it began."""


def enqueue(data: Path, order: Order, run: str | None = None) -> str:
    """Keep an order under a name, by default a new one, for whoever takes it up; return it."""
    run = new_run_id() if run is None else run
    path = new_transcript_path(data, run)
    write_order(path.parent, order)
    path.touch(mode=0o600)
    return run


def is_spawned(data: Path, run: str) -> bool:
    """Say whether a process that was begun for a run lives, whether it has taken it up yet or not.

    A busy machine takes its time to begin one: whoever looks meanwhile must not begin another.
    """
    try:
        path = new_transcript_path(data, run).with_name(_PROCESS)
        number, began = path.read_text(encoding="utf-8").split()
        return psutil.Process(int(number)).create_time() == float(began)
    except (OSError, ValueError, psutil.Error):
        return False


def spawn(data: Path, run: str) -> int:
    """Let a process of its own work a run, which outlives this one; return its number."""
    folder = new_transcript_path(data, run).parent
    with (folder / _LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "manyminds.cli", "resume", run, "--quiet"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env=os.environ.copy(),
        )  # fmt: skip
    with suppress(psutil.Error):  # it has ended already
        began = psutil.Process(process.pid).create_time()
        (folder / _PROCESS).write_text(f"{process.pid} {began!r}", encoding="utf-8")
    # Whoever began a process is told by the system when it ends, and has to listen.
    threading.Thread(target=process.wait, daemon=True).start()
    return process.pid


async def take_up(
    run: str,
    *,
    data: Path,
    cache: Path,
    watch: Watch,
    carrier: Carrier | None = None,
    path: Path | None = None,
) -> Asked:
    """Work a run that was ordered, or go on with one whose process has ended.

    Args:
        run: Its name, a unique part of it, or `last`.
        data: Folder of transcripts.
        cache: Folder of what can be made again.
        watch: Who looks on.
        carrier: Shares it with other machines, where they do.
        path: Its transcript, where that is not among the others.

    Raises:
        UnknownName: If there is none of that name.
        RunBusy: If another process is at work on it.
        UsageError: If it is over.
        RecordError: If it cannot be read, or does not go on as it began.
    """
    path = transcript_path(data, run) if path is None else path
    order = read_order(path.parent)
    writer = TranscriptWriter(path, None if carrier is None else carrier.put)
    try:
        past = read_transcript(path).events
        run = path.parent.name
        if past and isinstance(past[-1].event, RunEnded):
            # Its process may have ended before the person was told.
            await _tell_over(order, path.parent, past[-1].event.answer, watch)
            raise UsageError(f"run {run} is over; see: manyminds show {run}")
        place = Place(run=run, path=path, writer=writer, past=past, carrier=carrier)
        order = order if place.started is None else order.as_begun(place.started)
        asked = await _worked(order, place, data, cache, watch)
    except (ProviderError, RecordError) as error:
        # It may be taken up again, and may end otherwise then.
        await _told(order, path.parent.name, f"failed/{type(error).__name__}", "failed", str(error))
        raise
    finally:
        writer.close()
    await _tell_over(order, path.parent, asked.answer, watch)
    return asked


async def _tell_over(order: Order, folder: Path, answer: Answer, watch: Watch) -> None:
    """Tell the person once that a run is over; what could not be told is told at the next look."""
    if order.notify is None or (folder / _TOLD).exists():
        return
    text = answer.text or "; ".join(answer.missing)
    if why := await _told(order, folder.name, "over", answer.outcome, text):
        watch.on_notice(f"{why}; it is told when somebody resumes the run")
    else:
        (folder / _TOLD).touch(mode=0o600)


def _worked(order: Order, place: Place, data: Path, cache: Path, watch: Watch) -> Awaitable[Asked]:
    telling: set[asyncio.Task[str | None]] = set()

    def on_asked(run: DurableRun, asked: PersonAsked) -> None:
        if order.notify is not None:
            # A plan has lines, and a key none.
            which = f"asked/{sha256(asked.text.encode()).hexdigest()[:16]}"
            telling.add(asyncio.create_task(_told(order, run.id, which, "asks", asked.text)))

    away = Away(on_asked)

    def on_start(run: DurableRun) -> None:
        away.attend(run)
        watch.on_start(run)

    back = _nobody if order.clarify and watch.on_doubt is None else watch.on_doubt
    looks = replace(
        watch, on_start=on_start, on_doubt=back,
        on_address=away.address if order.asks else watch.on_address,
        on_act=away.act if order.asks else watch.on_act,
    )  # fmt: skip
    if order.way is None or order.plan is None:
        way = None if order.conversation is None else ("relay", Relay(order.conversation))
        return ask(
            order.task, order.options, data=data, cache=cache, watch=looks, order=order,
            place=place, way=way,
        )  # fmt: skip
    return research(
        order.task, order.options, order.plan, data=data, cache=cache, watch=looks, way=order.way,
        on_plan=away.plan if order.asks else None, order=order, place=place,
    )  # fmt: skip


async def _nobody(_question: str) -> str | None:
    return None


async def _told(order: Order, run: str, what: str, outcome: str, text: str) -> str | None:
    if order.notify is None:
        return None
    line = f"{outcome}: {' '.join(text.split())[:200]}"
    told: dict[str, JsonValue] = {"run": run, "outcome": outcome, "text": text, "line": line}
    return await notify(order.notify, f"{run}/{what}", told)


def call_off(data: Path, run: str) -> None:
    """End a run that no process is at work on; one that never began leaves nothing behind.

    Raises:
        RunBusy: If one is.
        UsageError: If it is over.
    """
    path = transcript_path(data, run)
    writer = TranscriptWriter(path)
    try:
        past = read_transcript(path).events
        if past and isinstance(past[-1].event, RunEnded):
            raise UsageError(f"run {path.parent.name} is over; see: manyminds show {run}")
        answer = Answer(
            outcome="none",
            text=None,
            canonical=None,
            confidence=None,
            missing=("you cancelled it",),
        )
        ends = (
            Steered(what="cancel", text=CANCELLED),
            RunEnded(answer=answer, stopped_by=CANCELLED, seconds=0.0),
        )
        for number, event in enumerate(ends if past else (), len(past)):
            now = datetime.now(UTC)
            writer.write(Recorded(run=path.parent.name, number=number, at=now, event=event))
    finally:
        writer.close()
    if not past:
        shutil.rmtree(path.parent)


def fork(data: Path, run: str, at: int | None = None) -> str:
    """Begin a new run with what another one had done; return its name.

    Args:
        data: Folder of transcripts.
        run: Its name, a unique part of it, or `last`.
        at: How many of its events the new one begins with; `None`: all but its end.

    Raises:
        UsageError: If it has not so many.
        RecordError: If it cannot be read.
    """
    path = transcript_path(data, run)
    events = read_transcript(path).events
    most = len(events) - (bool(events) and isinstance(events[-1].event, RunEnded))
    at = most if at is None else at
    if not 1 <= at <= most:
        raise UsageError(f"run {path.parent.name}: --from takes 1 to {most}, not {at}")
    order = read_order(path.parent)
    name = new_run_id()
    new = new_transcript_path(data, name)
    kept = _answered(events[:at])
    write_order(new.parent, replace(order, inherits=len(kept)))
    if (sources := path.with_name(SOURCES)).exists():
        shutil.copyfile(sources, new.with_name(SOURCES))
    writer = TranscriptWriter(new)
    try:
        for number, recorded in enumerate(kept):
            writer.write(replace(recorded, run=name, number=number))
    finally:
        writer.close()
    return name


def _answered(events: Sequence[Recorded]) -> list[Recorded]:
    """Return events without requests that have no answer among them.

    The other run has it and has paid for it; here it would count as one that a kill cut off.
    """
    over = {e.event.step for e in events if isinstance(e.event, Replied | RequestFailed)}
    return [e for e in events if not isinstance(e.event, Requested) or e.event.step in over]
