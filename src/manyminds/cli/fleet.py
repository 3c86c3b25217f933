"""`manyminds worker` and `manyminds fleet`: many machines at one queue, with one PostgreSQL."""

import asyncio
import json
import signal
from contextlib import closing, suppress
from typing import Annotated, Any

from cyclopts import App, Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.runtime.address import shown
from manyminds.runtime.elsewhere import fleet_part, fleet_url
from manyminds.runtime.paths import cache_home, data_home

__all__ = ["app", "worker"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
Quiet = Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())]
Url = Annotated[str | None, Parameter(name="--fleet")]

app = App(name="fleet", help="Show the fleet, and what models it may ask how often.")


def _url(fleet: str | None) -> str:
    url = fleet_url(fleet)
    if url is None:
        raise UsageError(
            "which fleet? name its database: --fleet postgresql://db.example/manyminds, or "
            "MANYMINDS_FLEET"
        )
    return url


def worker(*, fleet: Url = None, at_once: int = 4, quiet: Quiet = False) -> int:
    """Work runs of a fleet side by side, until Ctrl-C or SIGTERM; what it has then others take up.

    Args:
        fleet: The database, like postgresql://db.example/manyminds.
        at_once: Runs at once, in each worker of the fleet; whoever says it last says it for all.
        quiet: Say nothing of what it does.
    """
    if at_once < 1:
        raise UsageError(f"--at-once takes 1 or more, not {at_once}")
    url = _url(fleet)
    made = fleet_part("worker").Worker(
        url, data=data_home(), cache=cache_home(), at_once=at_once,
        on_notice=_nothing if quiet else notice,
    )  # fmt: skip
    notice(f"worker {made.name} works for {shown(url)}, {at_once} runs at once")
    asyncio.run(_until_told(made))
    notice(f"worker {made.name} is gone; what it had goes on elsewhere")
    return ANSWERED


def _nothing(_line: str) -> None:
    """Say nothing."""


async def _until_told(made: Any) -> None:
    working = asyncio.create_task(made.work())
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    with suppress(asyncio.CancelledError):
        await working


@app.default
def status(*, fleet: Url = None, json_: Json = False) -> int:
    """Show the workers that are alive, how many runs there are of each state, and limits.

    Args:
        fleet: The database.
        json_: Print one JSON object.
    """
    url = _url(fleet)
    with closing(fleet_part("client").Client(url)) as client:
        workers, counts, limits = client.workers(), client.counts(), client.limits()
    if json_:
        told = {
            "outcome": "answered", "cost": None, "fleet": shown(url), "workers": workers,
            "runs": counts,
            "limits": [
                {
                    "model": one.model, "at_once": one.at_once, "per_minute": one.per_minute,
                    "under_way": one.under_way,
                }
                for one in limits
            ],
        }  # fmt: skip
        print(json.dumps(told))
        return ANSWERED
    print(shown(url))
    print(f"runs: {', '.join(f'{n} {state}' for state, n in counts.items()) or 'none yet'}")
    for name, host in workers.items():
        print(f"worker {name} on {host}")
    if not workers:
        notice("no worker is alive; begin one with: manyminds worker")
    for one in limits:
        most = "any" if one.at_once is None else one.at_once
        pace = "any" if one.per_minute is None else one.per_minute
        print(f"limit {one.model}: {most} at once ({one.under_way} now), {pace} a minute")
    return ANSWERED


@app.command
def limit(
    model: str,
    *,
    at_once: int | None = None,
    per_minute: int | None = None,
    fleet: Url = None,
    json_: Json = False,
) -> int:
    """Set what one model may be asked by the whole fleet; with no number, anything.

    Args:
        model: As runs name it: provider:name or http://host:port/v1#name.
        at_once: Requests under way at once.
        per_minute: Requests begun in a minute, evenly.
        fleet: The database.
        json_: Print one JSON object.
    """
    with closing(fleet_part("client").Client(_url(fleet))) as client:
        client.set_limit(model, at_once, per_minute)
    if json_:
        told = {"model": model, "at_once": at_once, "per_minute": per_minute}
        print(json.dumps({"outcome": "answered", "cost": None, **told}))
    else:
        notice(f"{model}: workers know within five seconds")
    return ANSWERED
