"""Lives of one run: processes that work it and are killed, each by `SIGKILL`, until one is through.

    python -m tests.chaos.lives '{"home": …, "model": …, "way": …, "runs": {"r": […], …}}'

Runs have names and kills. Each kill is a number of seconds after which a life ends, or the number
of an event that ends it as soon as it is written. Children are forked from one process that has
imported all it needs, so that a life takes no longer than its work. Prints a line of JSON for each
life. With "fleet", the address of a
database, they share the run through it. With "race": N, two processes at once take up each of N runs, and in every fourth of them the
first is stopped for a while.
"""

import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx2
import psycopg

from manyminds.agents.prompts import prompts_hash
from manyminds.agents.roster import roster
from manyminds.core.errors import RunBusy, RunTaken
from manyminds.core.events import Recorded, Replied, RunEnded, RunStarted
from manyminds.core.messages import ModelCall, Said, ToolCall, ToolSpec
from manyminds.core.protocols import Run, Strategy
from manyminds.core.values import VERSION, Answer, Evidence, Failure, Limits, Member, Task
from manyminds.runtime.ask import going_on
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.elsewhere import put_down
from manyminds.runtime.endpoints import connect
from manyminds.runtime.fleet import shared
from manyminds.runtime.fleet.database import Link
from manyminds.runtime.fleet.outbox import Outbox
from manyminds.runtime.flight import Patience
from manyminds.strategies.registry import strategy_named
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from manyminds.transcript.store import Also, TranscriptWriter, new_transcript_path, read_transcript

TASK = Task(prompt="Each of 6 boxes holds 7 pens, some of which are red. How many pens are there?")
SLOW_S = 0.004
BUSY = 3
TAKEN = 4
LEASE_S = 0.4
"""Of a life in a fleet: short, since the next one waits for its end."""
AT_WORK = 5
"""Lines on record from which on a life of a fleet is at work, and far from its end."""
Kept = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Effect:
    """A tool that does something to the world: it posts to a server that counts."""

    spec: ToolSpec
    url: str

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Do it; where the tool is keyed, the call's id is the key."""
        async with httpx2.AsyncClient() as client:
            key = call.id if self.spec.effect == "keyed" else ""
            body = {"tool": self.spec.name, "what": call.arguments["what"], "key": key}
            await asyncio.sleep(SLOW_S)
            reply = await client.post(self.url, json=body)
            await asyncio.sleep(SLOW_S)
        return (Evidence(id="", tool=self.spec.name, request=key, output=reply.text),)


def effects(url: str) -> list[Effect]:
    """Return one with a key and one without."""
    what: Any = {"type": "object", "properties": {"what": {"type": "string"}}}
    return [
        Effect(ToolSpec(name="book", description="", parameters=what, effect="keyed"), url),
        Effect(ToolSpec(name="mail", description="", parameters=what, effect="unkeyed"), url),
    ]


@dataclass(frozen=True)
class Errands:
    """Members side by side who ask, book, ask and mail, three times each."""

    async def __call__(self, run: Run) -> Answer:
        """Do all of it, and say what became of each."""
        done = await run.gather([self._one(run, member) for member in run.members])
        told = [d for d in done if not isinstance(d, Failure)]
        text = json.dumps({k: v for one in told for k, v in one.items()}, sort_keys=True)
        return Answer(outcome="answered", text=text, canonical=text, confidence=1.0, how="done")

    async def _one(self, run: Run, member: Member) -> dict[str, str]:
        became: dict[str, str] = {}
        for turn in range(3):
            for tool in ("book", "mail"):
                said = Said(role="user", text=f"{member.name}, turn {turn}")
                call = ModelCall(
                    messages=(said,), max_tokens=20, temperature=0.0, seed=run.seed(member)
                )
                await run.request(member, call)
                what = f"{member.name}/{turn}"
                outcome = await run.call(
                    member, ToolCall(id=run.new_id("call"), name=tool, arguments={"what": what})
                )
                became[f"{tool} {what}"] = outcome.failure or "done"
        return became


def strategy_of(way: str) -> Strategy:
    """Return the strategy of that name; `errands` is ours."""
    return Errands() if way == "errands" else strategy_named(way)


async def nothing_before() -> None:
    """Nobody is asked back."""


async def life(given: dict[str, Any], ends_at: int | None) -> None:
    """Work the run from where it is to its end, or to the event that ends this life."""
    home = Path(given["home"])
    async with AsyncExitStack() as stack:
        if given.get("fleet"):
            path, also, kept = await had(stack, given, home / str(os.getpid()))
        else:
            path, also, kept = new_transcript_path(home, given["run"]), None, None
        writer = TranscriptWriter(path, also)
        await work(given, ends_at, writer, kept)
        writer.close()


async def had(stack: AsyncExitStack, given: dict[str, Any], home: Path) -> tuple[Path, Also, Kept]:
    """Wait until a run of the fleet is ours, and share it; its worker is named by its process."""
    outbox, me, link = Outbox(given["fleet"]), str(os.getpid()), Link(given["fleet"])

    async def beat() -> None:
        while True:
            await link.do(lambda db: shared.beat(db, me, "here", lease_s=LEASE_S))
            await asyncio.sleep(LEASE_S / 4)

    beating = asyncio.create_task(beat())
    mine = Link(given["fleet"])
    while (claim := await mine.do(lambda db: shared.claim(db, given["run"], me))) is None:
        standing = await mine.do(lambda db: shared.standing(db, given["run"]))
        assert standing is not None
        if standing.over:
            raise RunBusy("it is over")
        await asyncio.sleep(0.02)
    await mine.close()
    path = new_transcript_path(home, given["run"])
    put_down(path, claim.lines)
    parcel = outbox.open(given["run"], claim.epoch, len(claim.lines))

    async def leave() -> None:
        beating.cancel()
        await outbox.close()
        await link.close()

    stack.push_async_callback(leave)
    return (
        path,
        lambda recorded, line: outbox.put(parcel, line, last=isinstance(recorded.event, RunEnded)),
        lambda: outbox.kept(parcel),
    )


async def work(
    given: dict[str, Any], ends_at: int | None, writer: TranscriptWriter, kept: Kept | None
) -> None:
    """Work a run that is ours."""
    home, path = Path(given["home"]), writer.path
    past = read_transcript(path).events
    endpoint = await connect(given["model"], cache=home / "cache")
    members = roster(given.get("members", 4), [given["model"]], has_docs=False)

    def end(recorded: Recorded) -> None:
        if recorded.number == ends_at:
            os.kill(os.getpid(), signal.SIGKILL)

    run = DurableRun(
        run_id=given["run"], task=TASK, members=members, endpoints={given["model"]: endpoint},
        tools=Toolset([Calculate(), *effects(given.get("effects", ""))]), limits=Limits(), seed=1,
        sinks=[writer.write, end], patience=Patience(first_wait_s=0.01),
    )  # fmt: skip
    run.kept = kept
    if past:
        run.take_up(past)
    run.begin(
        RunStarted(
            task=TASK, strategy=given["way"], members=members, limits=Limits(), seed=1,
            version=VERSION, prompts=prompts_hash(),
        )
    )  # fmt: skip
    answer, stopped_by = await going_on(run, strategy_of(given["way"]), nothing_before)
    run.tell(RunEnded(answer=answer, stopped_by=stopped_by, seconds=round(run.elapsed(), 3)))
    if kept is not None:
        await kept()
    await endpoint.close()


def lived(given: dict[str, Any], kill: float | None, *, at: int | None = None) -> bool:
    """Let a process work the run; say whether it was killed.

    Args:
        given: Which run.
        kill: Seconds after which it is killed; `None`: not by the clock.
        at: The event that ends it as soon as it is written.
    """
    child = os.fork()
    if child == 0:
        _live(given, at)
    ends = None if kill is None else time.monotonic() + kill
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFEXITED(status) and os.WEXITSTATUS(status):
                raise SystemExit(f"a life ended with code {os.WEXITSTATUS(status)}")
            return os.WIFSIGNALED(status)
        if ends is not None and time.monotonic() >= ends:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        time.sleep(0.0005)


def _live(given: dict[str, Any], at: int | None) -> NoReturn:
    """Be a process that works the run; code 3 where another one is at work on it."""
    code = 1
    try:
        asyncio.run(life(given, at))
        code = 0
    except RunBusy:
        code = BUSY
    except RunTaken:
        code = TAKEN
    except Exception:  # noqa: BLE001 (the door of a life: its code says that it went wrong)
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait_for_work(given: dict[str, Any]) -> None:
    """Wait until somebody is at work on a run; on one machine a moment will do."""
    if not given.get("fleet"):
        time.sleep(0.05)
        return
    with psycopg.connect(given["fleet"], autocommit=True) as db:
        for _ in range(5_000):
            [lines] = db.execute(
                "select count(*) from manyminds.line where run = %s", (given["run"],)
            ).fetchone() or (0,)
            if lines >= AT_WORK:
                return
            time.sleep(0.002)


def raced(given: dict[str, Any], *, stopped: bool) -> list[int]:
    """Let two processes take the run up at once; return their exit codes.

    With `stopped`, the one that is at work is stopped, so that the other meets it so, and goes on
    when the other is through.
    """
    children: list[int] = []
    for place in range(2):
        child = os.fork()
        if child == 0:
            _live(given, None)
        children.append(child)
        if stopped and place == 0:
            _wait_for_work(given)
            os.kill(child, signal.SIGSTOP)
    codes: dict[int, int] = {}
    for child in reversed(children):
        if stopped and child == children[0]:
            os.kill(child, signal.SIGCONT)
        codes[child] = os.WEXITSTATUS(os.waitpid(child, 0)[1])
    return [codes[child] for child in children]


def tell(line: dict[str, Any]) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Live all lives, then the last one."""
    given = json.loads(sys.argv[1])
    for number in range(given.get("race", 0)):
        here = {**given, "run": f"{given['run']}{number}"}
        codes = raced(here, stopped=number % 4 == 3)
        tell({"run": here["run"], "codes": codes})
    if "race" in given:
        return
    for run, kills in given["runs"].items():
        live_out({**given, "run": run}, kills)


def events_of(given: dict[str, Any]) -> Sequence[Recorded]:
    """Return what is on record of a run."""
    home, run = Path(given["home"]), given["run"]
    path = new_transcript_path(home, run)
    if given.get("fleet"):
        with psycopg.connect(given["fleet"]) as db:
            rows = db.execute(
                "select line from manyminds.line where run = %s order by number", (run,)
            ).fetchall()
        put_down(path, [row[0].encode() for row in rows])
    return read_transcript(path).events if path.exists() else ()


def live_out(given: dict[str, Any], kills: list[float | int]) -> None:
    """Let one run live until it is through, and print a line for each of its lives."""
    for kill in (*kills, None):
        at = kill if isinstance(kill, int) else None
        seconds = kill if isinstance(kill, float) else None
        killed = lived(given, seconds, at=at)
        events = events_of(given)
        over = bool(events) and isinstance(events[-1].event, RunEnded)
        seeds = [r.event.seed for r in events if isinstance(r.event, Replied)]
        tell(
            {
                "run": given["run"], "killed": killed, "over": over, "ended": time.time(),
                "replied": seeds,
            }
        )  # fmt: skip
        if over:
            return


if __name__ == "__main__":
    main()
