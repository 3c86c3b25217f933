"""`/v1/decisions`: what the owner would like, the one question, the table, and what they choose.

It is all of one person, so only a key that may see to everything is told of it. What there is to
choose from is what lies in the person's folder: no client names a file.
"""

import asyncio
import secrets
from pathlib import Path
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.recommend.catalogue.domain import domain_names
from manyminds.recommend.catalogue.kept import catalogues_for, domain_for
from manyminds.recommend.dialogue import Dialogue, begin_dialogue, open_dialogue, steps_in
from manyminds.recommend.page.write import decision_table, web_link
from manyminds.recommend.proxy import Proxy
from manyminds.runtime.paths import person_home
from manyminds.runtime.remembering import memory_of, today_here
from manyminds.server.bodies import Body, read_body
from manyminds.server.gate import client_of
from manyminds.server.house import house_of
from manyminds.server.refusals import Refused
from manyminds.server.runs import number_in

__all__ = ["SayBody", "WishBody", "begin", "listed", "look", "say"]

_MOST_LISTED = 100
_ONE = asyncio.Semaphore(1)
"""A large catalogue takes seconds; others must have threads left meanwhile."""


class WishBody(Body):
    """A decision to begin."""

    wish: Annotated[
        str, Field(min_length=1, max_length=2_000, examples=["dinner under 25 €, not too far"])
    ]
    domain: Annotated[str, Field(max_length=100, examples=["dining"])] | None = None


class SayBody(Body):
    """What is said to a decision: one of these."""

    answer: Annotated[str, Field(min_length=1, max_length=2_000, examples=["no matter"])] | None = (
        None
    )
    field: Annotated[str, Field(max_length=100)] | None = None
    """What the answer is to; another question that waits by then is not answered by it."""
    choose: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    weights: (
        Annotated[dict[str, float], Field(min_length=1, max_length=50, examples=[{"price": 0}])]
        | None
    ) = None
    back: bool = False


async def listed(request: Request) -> Response:
    """List the owner's decisions, those gone on with last first."""
    _owner(request)
    limit = number_in(request, "limit", 20, most=_MOST_LISTED)
    return JSONResponse({"decisions": await asyncio.to_thread(_rows, person_home(), limit)})


async def begin(request: Request) -> Response:
    """Begin a decision: what is wanted, of what lies in the owner's folder."""
    _owner(request)
    body, _ = await read_body(request, WishBody)
    if body.domain is not None and body.domain not in domain_names():
        raise UsageError(f"there is no domain {body.domain!r}; {', '.join(domain_names())}")
    async with _ONE:
        found = await asyncio.to_thread(_begun, request, body)
    return JSONResponse(found, 201, headers={"location": f"/v1/decisions/{found['dialogue']}"})


async def look(request: Request) -> Response:
    """Say where a decision stands: the question that waits, the two options, the whole table."""
    _owner(request)
    async with _ONE:
        return JSONResponse(await asyncio.to_thread(lambda: _stands(_opened(request))))


async def say(request: Request) -> Response:
    """Answer the question, choose, weigh, or take the last step back."""
    _owner(request)
    body, _ = await read_body(request, SayBody)
    if sum((body.answer is not None, body.choose is not None, bool(body.weights), body.back)) != 1:
        raise UsageError("say one thing: answer, choose, weights or back")
    async with _ONE:
        return JSONResponse(await asyncio.to_thread(_said, request, body))


def _owner(request: Request) -> None:
    if not client_of(request.scope).may("all"):
        raise Refused(403, "this key may not see what the owner likes", code="scope")


def _rows(home: Path, limit: int) -> list[JsonValue]:
    there = [p for p in (home / "dialogues").glob("*.jsonl") if p.is_file()]
    found = sorted(there, key=lambda p: -p.stat().st_mtime)
    rows: list[JsonValue] = []
    for path in found[:limit]:
        steps = steps_in(path) if path.is_file() else []
        if steps and steps[0].kind == "wished":
            rows.append({
                "dialogue": path.stem, "wish": steps[0].text, "day": steps[0].day,
                "domain": Path(steps[0].domain).stem,
                "chosen": any(step.kind == "chose" for step in steps),
            })  # fmt: skip
    return rows


def _opened(request: Request) -> Dialogue:
    home, name = person_home(), str(request.path_params["decision"])
    proxy = Proxy(home, house_of(request).engine.cache)
    try:
        return open_dialogue(home / "dialogues", name, memory_of(home), proxy)
    except UsageError:
        raise Refused(404, f"there is no decision {name[:80]!r}", code="not_found") from None


def _begun(request: Request, body: WishBody) -> dict[str, JsonValue]:
    home = person_home()
    domain = domain_for(body.domain, body.wish)
    dialogue = begin_dialogue(
        home / "dialogues", body.wish, memory=memory_of(home),
        proxy=Proxy(home, house_of(request).engine.cache), domain=domain,
        catalogues=catalogues_for((), domain, home),
        today=today_here(), name=secrets.token_hex(4),
    )  # fmt: skip
    return _stands(dialogue)


def _said(request: Request, body: SayBody) -> dict[str, JsonValue]:
    dialogue = _opened(request)
    if body.answer is not None:
        asked = dialogue.view().asked
        if body.field is not None and (asked is None or asked.field != body.field):
            raise Refused(409, f"{body.field[:80]!r} is not asked any more", code="answered")
        dialogue.answer(body.answer)
    elif body.choose is not None:
        dialogue.choose(body.choose, asking=True)
    elif body.back:
        dialogue.back()
    elif body.weights:
        dialogue.weigh(body.weights)
    return _stands(dialogue)


def _stands(dialogue: Dialogue) -> dict[str, JsonValue]:
    view = dialogue.view()
    asked, chosen = view.asked, view.chosen
    return {
        **decision_table(dialogue, view), "state": view.state,
        "asked": None if asked is None else {
            "field": asked.field, "text": asked.text,
            "answers": [{"text": a.text, "leads_to": a.leads_to} for a in asked.answers],
        },
        "chosen": None if chosen is None else {
            "id": chosen.item.id, "title": chosen.item.title, "link": web_link(chosen.item.link),
        },
        "documents_silent": view.wanted.unspoken,
    }  # fmt: skip
