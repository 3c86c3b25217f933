"""`/v1/runs`: runs that outlive their request, watched from anywhere, steered while they go."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manyminds.agents.lead import MOST_PARTS
from manyminds.budget.parse import parse_limits
from manyminds.core.errors import ManymindsError, RecordError
from manyminds.core.messages import JsonValue
from manyminds.core.values import AgentEffort, Limits, Part, Plan, Task
from manyminds.runtime.ask import new_run_id
from manyminds.runtime.kept import asked_of, question_of, state_of, waiting_for
from manyminds.runtime.orders import read_order
from manyminds.runtime.person import PLAN, plan_text
from manyminds.runtime.result import answer_as_json
from manyminds.server import sse
from manyminds.server.bodies import Body, checked_schema, read_body
from manyminds.server.clients import Client
from manyminds.server.engine import Words
from manyminds.server.gate import client_of
from manyminds.server.house import House, house_of
from manyminds.server.modes import Asking, ReasoningEffort
from manyminds.server.refusals import Refused
from manyminds.tools.web.sites import parse_sites
from manyminds.transcript.codec import encode
from manyminds.transcript.store import new_transcript_path, read_transcript, run_names

__all__ = [
    "ApproveBody",
    "DenyBody",
    "ForkBody",
    "PlanBody",
    "RunBody",
    "SteerBody",
    "approve",
    "begin",
    "cancel",
    "deny",
    "events",
    "fork",
    "listed",
    "look",
    "may_see",
    "number_in",
    "own",
    "rows_of",
    "steer",
    "stop",
    "told_of",
]

_LONGEST_KEY = 200
Site = Annotated[str, Field(max_length=300)]
_MOST_LISTED = 100
_SEARCHES = asyncio.Semaphore(1)
"""One looks through many runs; others must have threads left meanwhile."""
_MOST_SEARCHED = 2_000
"""Runs that a search looks through, the newest ones."""
_NAME = re.compile(r"[0-9A-Za-z-]{1,80}")


class RunBody(Body):
    """A run to begin."""

    question: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    model: Annotated[str, Field(max_length=300)] = "heavy"
    reasoning_effort: ReasoningEffort | None = None
    members: Annotated[int, Field(ge=1, le=100)] | None = None
    efforts: Annotated[tuple[AgentEffort, ...], Field(max_length=16)] = ()
    """Of the members in turn."""
    budget: Annotated[str, Field(max_length=100)] | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    web: bool = False
    sites: Annotated[tuple[Site, ...], Field(max_length=50)] = ()
    approve: bool = False
    """Whether the plan, and addresses that nobody named, wait for a yes."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    live: bool = False
    """Whether who looks on may see words as members write them."""


class SteerBody(Body):
    """A word to a run."""

    what: Literal["hint", "drop", "now", "pause", "go", "add"] = "hint"
    text: Annotated[str, Field(max_length=4_000)] = ""


class PartBody(Body):
    """One part of a plan."""

    question: Annotated[str, Field(min_length=1, max_length=4_000)]
    query: Annotated[str, Field(max_length=4_000)] = ""


class PlanBody(Body):
    """A plan to go by in place of the one that was shown."""

    goal: Annotated[str, Field(max_length=4_000)]
    parts: Annotated[tuple[PartBody, ...], Field(max_length=MOST_PARTS)]
    sites: Annotated[tuple[Site, ...], Field(max_length=50)] = ()
    no_sites: Annotated[tuple[Site, ...], Field(max_length=50)] = ()
    pages: Annotated[int, Field(ge=1, le=10)] = 3
    depth: Annotated[int, Field(ge=1, le=40)] = 4
    rounds: Annotated[int, Field(ge=1, le=4)] = 2
    experiment: bool = False
    item: Annotated[str, Field(max_length=400)] = ""
    columns: Annotated[tuple[Annotated[str, Field(max_length=400)], ...], Field(max_length=20)] = ()
    order: Annotated[str, Field(max_length=400)] = ""
    """The column that rows are ranked by; none: as they are listed."""
    descending: bool = True

    @property
    def plan(self) -> Plan:
        """The plan.

        Raises:
            UsageError: If it names what is no site.
        """
        parts = tuple(Part(question=p.question, query=p.query or p.question) for p in self.parts)
        parse_sites((*self.sites, *self.no_sites))
        return Plan(
            goal=self.goal, parts=parts, sites=self.sites, no_sites=self.no_sites,
            pages=self.pages, depth=self.depth, rounds=self.rounds, experiment=self.experiment,
            item=self.item, columns=self.columns, order=self.order, descending=self.descending,
        )  # fmt: skip


class ApproveBody(Body):
    """A yes to what a run waits for."""

    site: bool = False
    """Whether all of the address's site may be read, not only this page."""
    run: bool = False
    """Whether this run may read whatever it asks for."""
    plan: PlanBody | None = None
    """What to go by instead of the plan that was shown; `None`: by that."""
    number: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Of the event that asked: a yes to something else is refused. `None`: to whatever is asked."""


class DenyBody(Body):
    """A no to what a run waits for."""

    never: bool = False
    """Whether nothing of the address's site may be read, not only this page."""
    number: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Of the event that asked, as for a yes."""


class ForkBody(Body):
    """A new run that begins with what another one had done."""

    at: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    """How many of its events; `None`: all but its end."""
    live: bool = False


async def begin(request: Request) -> Response:
    """Begin a run and say its name at once."""
    house, client = house_of(request), client_of(request.scope)
    body, data = await read_body(request, RunBody)
    house.check_scope(client, body.model, web=body.web)
    asking = Asking(
        effort=body.reasoning_effort, members=body.members, web=body.web, seed=body.seed,
        sites=body.sites, asks=body.approve, efforts=body.efforts,
        limits=Limits() if body.budget is None else parse_limits(body.budget),
    )  # fmt: skip
    schema = None
    if body.schema_ is not None:
        schema = await asyncio.to_thread(checked_schema, body.schema_, "schema")
    task = Task(prompt=body.question.strip(), schema_json=schema)
    order = await asyncio.to_thread(house.modes.order, body.model, task, asking)
    run, key, books = new_run_id(), _key(request), house.engine.books
    if key is not None:
        digest, now = sha256(data).hexdigest(), datetime.now(UTC)
        begun = await asyncio.to_thread(books.begun, client, key, digest, run, now)
        if begun != run:
            return JSONResponse(await asyncio.to_thread(told_of, house, begun), 200)
    try:
        await house.engine.begin(order, client, goes_on=True, run=run, live=body.live)
    except BaseException:
        if key is not None:
            books.forget(client, key)
        raise
    told = {"run": run, "state": "queued", "events": f"/v1/runs/{run}/events"}
    return JSONResponse(told, 201, headers={"Location": f"/v1/runs/{run}"})


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= _LONGEST_KEY:
        raise Refused(
            400, f"an Idempotency-Key has 1 to {_LONGEST_KEY} characters", code="idempotency_key",
            param="Idempotency-Key",
        )  # fmt: skip
    return key


async def listed(request: Request) -> Response:
    """List the client's runs, newest first; the owner's are everybody's."""
    house, client = house_of(request), client_of(request.scope)
    limit = number_in(request, "limit", 20, most=_MOST_LISTED)
    search = request.query_params.get("search", "")[:_LONGEST_KEY]
    async with _SEARCHES if search.strip() else nullcontext():
        found = await asyncio.to_thread(rows_of, house, client, limit, search)
    return JSONResponse({"runs": found})


def rows_of(house: House, client: Client, limit: int, search: str = "") -> list[JsonValue]:
    """Return the newest runs that a client may see to, in short.

    Args:
        house: Whose.
        client: Who asks.
        limit: How many.
        search: Words that all stand in a run's name, question or answer.
    """
    most = _MOST_SEARCHED if search.strip() else limit
    names = islice(run_names(house.engine.data), most)
    if not client.may("all"):
        names = iter(house.engine.books.runs_of(client, most))
    words, rows = search.casefold().split(), list[JsonValue]()
    for name in names:
        try:
            row = _row(house, name)
        except ManymindsError:
            continue  # one that cannot be read hides no other
        said = " ".join(str(row[key]) for key in ("run", "question", "answer")).casefold()
        if all(word in said for word in words):
            rows.append(row)
        if len(rows) >= limit:
            break
    return rows


def _row(house: House, run: str) -> dict[str, JsonValue]:
    told = told_of(house, run)
    row = {k: told.get(k) for k in ("run", "state", "outcome", "question", "strategy", "cost")}
    answer = told.get("answer")
    answered = answer if isinstance(answer, dict) else dict[str, JsonValue]()
    text = answered.get("text")
    return {
        **row, "answer": text[:_LONGEST_KEY] if isinstance(text, str) else None,
        "confidence": answered.get("confidence"),
    }  # fmt: skip


def number_in(request: Request, name: str, otherwise: int, *, least: int = 0, most: int) -> int:
    """Return a whole number of the address.

    Raises:
        Refused: If it is none, or too small or large.
    """
    text = request.query_params.get(name, str(otherwise))
    if not (text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 12):
        raise Refused(400, f"{name} is a whole number", code="invalid_value", param=name)
    if not least <= int(text) <= most:
        raise Refused(400, f"{name} is {least} to {most}", code="invalid_value", param=name)
    return int(text)


async def look(request: Request) -> Response:
    """Say how a run stands, and what came of it."""
    house, run = await own(request)
    return JSONResponse(await asyncio.to_thread(told_of, house, run))


def told_of(house: House, run: str) -> dict[str, JsonValue]:
    """Return how a run stands, and what came of it."""
    path = new_transcript_path(house.engine.data, run)
    if not path.exists():
        if (
            house.engine.books.client_of(run) is None
        ):  # a key stands for it, and it is being entered
            return {"run": run, "state": "queued", "outcome": "none"}
        return {"run": run, "state": "finished", "outcome": "none", "missing": ["cancelled"]}
    transcript = read_transcript(path)
    state, why = state_of(transcript), house.engine.books.why(run)
    told: dict[str, JsonValue] = {"run": run, "state": state, "outcome": "none"}
    if why:
        return {**told, "state": "failed", "missing": [why]}
    try:
        found = answer_as_json(asked_of(transcript))
    except RecordError:
        return {**told, "question": question_of(transcript)}
    del found["transcript"]
    asked = waiting_for(transcript) if state == "waiting" else None
    asks: JsonValue = None
    if asked is not None:
        number, waits = asked
        plan = None if waits.plan is None else asdict(waits.plan)
        asks = {"what": waits.what, "text": waits.text, "plan": plan, "number": number}
    return {**found, "state": state, "question": question_of(transcript), "waits_for": asks}


async def events(request: Request) -> Response:
    """Send what happens in a run, from after the event that the client has seen."""
    house, run = await own(request)
    seen = request.headers.get("last-event-id")
    if seen is not None and (not seen.isascii() or not seen.isdecimal() or len(seen) > 11):
        raise Refused(400, "Last-Event-ID is an event's number", code="invalid_value")
    after = number_in(request, "after", -1, least=-1, most=10**9) if seen is None else int(seen)
    return sse.streamed(_events(house, run, after))


async def _events(house: House, run: str, after: int) -> AsyncIterator[bytes]:
    async with aclosing(house.engine.live(run, after)) as found:
        async for one in found:
            if isinstance(one, Words):
                yield sse.event(asdict(one), name="words")
                continue
            kind, data = one.event.kind, json.loads(encode(one))
            yield sse.event(data, name=kind, id_=one.number)


async def fork(request: Request) -> Response:
    """Begin a new run with what another one had done, up to an event."""
    house, run = await own(request)
    body = ForkBody()
    if await request.body():
        body, _ = await read_body(request, ForkBody)
    client = client_of(request.scope)
    path = new_transcript_path(house.engine.data, run)
    if not path.exists():
        raise Refused(409, f"run {run} never began; ask anew", code="never_began")
    order = read_order(path.parent)
    web = order.options.web is not None or order.way is not None
    house.check_scope(client, order.options.strategy or "", web=web)
    new = await house.engine.fork(run, body.at, client, live=body.live)
    told = {"run": new, "state": "queued", "events": f"/v1/runs/{new}/events"}
    return JSONResponse(told, 201, headers={"Location": f"/v1/runs/{new}"})


async def stop(request: Request) -> Response:
    """End a run with what is there."""
    return await _said(request, "now")


async def cancel(request: Request) -> Response:
    """End a run of which nothing is wanted any more."""
    house, run = await own(request)
    _check_open(house, run)
    await asyncio.to_thread(house.engine.cancel, run)
    return JSONResponse({"run": run, "told": "cancel"})


async def steer(request: Request) -> Response:
    """Say something to a run."""
    body, _ = await read_body(request, SteerBody)
    return await _said(request, body.what, body.text)


async def approve(request: Request) -> Response:
    """Say yes to what a run waits for."""
    body = ApproveBody()
    if await request.body():
        body, _ = await read_body(request, ApproveBody)
    if body.plan is not None:
        text = plan_text(body.plan.plan)
        return await _answered(request, "plan", plan=text, number=body.number)
    what = "run" if body.run else "site" if body.site else "page"
    return await _answered(request, what, number=body.number)


async def deny(request: Request) -> Response:
    """Say no to what a run waits for."""
    body = DenyBody()
    if await request.body():
        body, _ = await read_body(request, DenyBody)
    return await _answered(request, "never" if body.never else "no", number=body.number)


async def _answered(
    request: Request, what: str, *, plan: str = "", number: int | None = None
) -> Response:
    house, run = await own(request)
    path = new_transcript_path(house.engine.data, run)
    asked = waiting_for(read_transcript(path)) if path.exists() else None
    if asked is None or number not in (None, asked[0]):
        other = "nothing" if asked is None else "something else by now"
        raise Refused(409, f"run {run} waits for {other}", code="waits_for_nothing")
    waits = asked[1]
    if plan and waits.what != "plan":
        raise Refused(409, f"run {run} waits for no plan", code="waits_for_nothing")
    return await _said(request, what, plan or (PLAN if waits.what == "plan" else waits.text))


async def _said(request: Request, what: str, text: str = "") -> Response:
    house, run = await own(request)
    _check_open(house, run)
    await asyncio.to_thread(house.engine.say, run, what, text)
    return JSONResponse({"run": run, "told": what if what == "plan" else f"{what} {text}".rstrip()})


def _check_open(house: House, run: str) -> None:
    path = new_transcript_path(house.engine.data, run)
    try:
        over = not path.exists() or state_of(read_transcript(path)) == "finished"
    except ManymindsError:
        over = True
    if over:
        raise Refused(409, f"run {run} is over", code="over")


async def own(request: Request, prefix: str = "") -> tuple[House, str]:
    """Return the run of a request, whose name may stand behind a prefix.

    Raises:
        Refused: If it is none that this client may see to.
    """
    house, client = house_of(request), client_of(request.scope)
    run = str(request.path_params["run"]).removeprefix(prefix)
    return house, await may_see(house, client, run)


async def may_see(house: House, client: Client, run: str) -> str:
    """Return a run that a client may see to.

    Raises:
        Refused: If it is none.
    """
    owner = await asyncio.to_thread(house.engine.books.client_of, run)
    if not client.may("all") and owner != client.name:
        # Whether there is one of that name is not said to whom it does not belong.
        raise Refused(403, "that is none of your runs", code="not_yours")
    known = _NAME.fullmatch(run) and new_transcript_path(house.engine.data, run).exists()
    if not known and owner is None:
        raise Refused(404, f"there is no run {run[:80]!r}", code="not_found")
    return run
