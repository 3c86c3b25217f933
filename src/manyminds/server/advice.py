"""What helps a person to decide: what a run will probably cost, and what works on this machine."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manyminds.core.messages import JsonValue
from manyminds.core.values import Task
from manyminds.runtime.choose import member_count
from manyminds.runtime.endpoints import stays_here
from manyminds.runtime.history import expected
from manyminds.server.bodies import Body, read_body
from manyminds.server.gate import client_of
from manyminds.server.house import House, house_of
from manyminds.server.modes import Asking, ReasoningEffort
from manyminds.server.refusals import Refused

__all__ = ["EstimateBody", "doctor", "estimates"]

_PARTS = 3
"""Of a plan that is not made yet: what most questions come to."""


class EstimateBody(Body):
    """A way to work a question."""

    model: Annotated[str, Field(max_length=300)] = "heavy"
    members: Annotated[int, Field(ge=1, le=100)] | None = None
    reasoning_effort: ReasoningEffort | None = None


async def estimates(request: Request) -> Response:
    """Say what a run will probably cost, as runs like it did."""
    body, _ = await read_body(request, EstimateBody)
    return JSONResponse(await asyncio.to_thread(_estimate, house_of(request), body))


def _estimate(house: House, body: EstimateBody) -> Mapping[str, JsonValue]:
    asking = Asking(effort=body.reasoning_effort, members=body.members)
    order = house.modes.order(body.model, Task(prompt="?"), asking)
    name = order.way or order.options.strategy or order.options.effort
    seats = _PARTS if order.way else member_count(order.options, name)
    models = order.options.models
    free = all(stays_here(model) for model in models)
    found = expected(house.engine.data, name, ",".join(models), seats, free=free)
    return {**asdict(found), "members": seats, "told": str(found)}


async def doctor(request: Request) -> Response:
    """Look at everything a run needs here; only whoever sees to everybody's runs is told."""
    if not client_of(request.scope).may("all"):
        raise Refused(403, "this key may not look at the machine", code="scope")
    found = await house_of(request).doctor.look()
    findings = [asdict(replace(f, fix=None if f.works else f.fix)) for f in found]
    return JSONResponse({"findings": findings})
