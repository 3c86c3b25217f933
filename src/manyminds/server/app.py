"""All routes of the server, and the document that describes them: both made from one table."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from manyminds.core.errors import ManymindsError
from manyminds.core.messages import JsonValue
from manyminds.core.values import VERSION
from manyminds.server import advice, agui, chat, deciding, diagnosing, runs, share
from manyminds.server.conversations import ChatBody
from manyminds.server.gate import Gate, Who
from manyminds.server.house import House, house_of
from manyminds.server.refusals import Refused, refusal, refused
from manyminds.server.responses import routes as responses
from manyminds.server.responses.body import ResponseBody
from manyminds.server.static import page_routes

__all__ = ["application"]

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Door:
    """One route."""

    method: str
    path: str
    do: Handler
    body: type[BaseModel] | None = None
    needs_body: bool = True
    query: tuple[str, ...] = ()
    """Whole numbers in the address."""
    words: tuple[str, ...] = ()
    """Texts in the address."""
    returns: str = "application/json"
    headers: tuple[str, ...] = ()
    good: int = 200
    streams: bool = False
    """Whether it may answer with server-sent events."""
    gives: tuple[str, ...] = ()
    """What a JSON answer always holds."""

    @property
    def says(self) -> str:
        """What it does, in a line."""
        return (self.do.__doc__ or "").splitlines()[0]


async def health(request: Request) -> Response:
    """Say that the server is up, and no more."""
    del request
    return JSONResponse({"status": "ok"})


async def models(request: Request) -> Response:
    """List the ways to work a question, as models."""
    modes = house_of(request).modes
    found = [_model(name, modes.about(name)) for name in modes.names()]
    return JSONResponse({"object": "list", "data": found})


def _model(name: str, about: str) -> JsonValue:
    return {
        "id": name, "object": "model", "created": 0, "owned_by": "manyminds",
        "description": about,
    }  # fmt: skip


async def model(request: Request) -> Response:
    """Say what one model is."""
    modes, name = house_of(request).modes, str(request.path_params["name"])
    if name not in modes.names():
        why = f"there is no model {name[:80]!r}; see /v1/models"
        raise Refused(404, why, code="model_not_found")
    return JSONResponse(_model(name, modes.about(name)))


async def capabilities(request: Request) -> Response:
    """Say what this server can do."""
    house = house_of(request)
    going, most = house.engine.load
    return JSONResponse(
        {
            "version": VERSION, "models": list(house.modes.models),
            "runs": {"going": going, "most": most},
            "features": {
                "chat_completions": True, "responses": True, "runs": True, "steer": True,
                "approve": True, "reasoning_field": house.reasoning, "client_tools": True,
                "mcp": find_spec("mcp") is not None, "images": True, "agui": True, "web": True,
                "docs": house.modes.docs is not None,
            },
        }
    )  # fmt: skip


async def openapi(request: Request) -> Response:
    """Describe all of this, as OpenAPI does."""
    del request
    return JSONResponse(document())


_RESPONSE, _TOLD = ("id", "object", "status", "output"), ("run", "told")
_DECISION = ("dialogue", "state", "asked", "options", "weights", "grounds")
DOORS: tuple[Door, ...] = (
    Door(method="GET", path="/health", do=health, gives=("status",)),
    Door(method="GET", path="/openapi.json", do=openapi, gives=("openapi", "paths")),
    Door(
        method="GET", path="/v1/capabilities", do=capabilities,
        gives=("version", "models", "features"),
    ),
    Door(method="GET", path="/v1/models", do=models, gives=("object", "data")),
    Door(method="GET", path="/v1/models/{name:path}", do=model, gives=("id", "object")),
    Door(
        method="POST", path="/v1/chat/completions", do=chat.chat, body=ChatBody, streams=True,
        gives=("id", "object", "choices", "usage", "manyminds"),
    ),
    Door(
        method="POST", path="/v1/responses", do=responses.create, body=ResponseBody,
        streams=True, gives=_RESPONSE,
    ),
    Door(
        method="GET", path="/v1/responses/{run}", do=responses.look, query=("starting_after",),
        words=("stream",), streams=True, gives=_RESPONSE,
    ),
    Door(
        method="DELETE", path="/v1/responses/{run}", do=responses.delete,
        gives=("id", "object", "deleted"),
    ),
    Door(method="POST", path="/v1/responses/{run}/cancel", do=responses.cancel, gives=_RESPONSE),
    Door(method="POST", path="/agui", do=agui.agui, body=agui.RunAgentBody, streams=True),
    Door(
        method="POST", path="/v1/estimates", do=advice.estimates, body=advice.EstimateBody,
        gives=("tokens", "usd", "seconds", "members"),
    ),
    Door(method="GET", path="/v1/doctor", do=advice.doctor, gives=("findings",)),
    Door(
        method="GET", path="/v1/decisions", do=deciding.listed, query=("limit",),
        gives=("decisions",),
    ),
    Door(
        method="POST", path="/v1/decisions", do=deciding.begin, body=deciding.WishBody, good=201,
        gives=_DECISION,
    ),
    Door(method="GET", path="/v1/decisions/{decision}", do=deciding.look, gives=_DECISION),
    Door(
        method="POST", path="/v1/decisions/{decision}/say", do=deciding.say, body=deciding.SayBody,
        gives=_DECISION,
    ),
    Door(
        method="GET", path="/v1/runs", do=runs.listed, query=("limit",), words=("search",),
        gives=("runs",),
    ),
    Door(
        method="POST", path="/v1/runs", do=runs.begin, body=runs.RunBody, good=201, gives=("run",),
        headers=("Idempotency-Key",),
    ),
    Door(method="GET", path="/v1/runs/{run}", do=runs.look, gives=("run", "state", "outcome")),
    Door(
        method="GET", path="/v1/runs/{run}/events", do=runs.events, query=("after",), streams=True,
        headers=("Last-Event-ID",),
    ),
    Door(method="POST", path="/v1/runs/{run}/stop", do=runs.stop, gives=_TOLD),
    Door(method="POST", path="/v1/runs/{run}/cancel", do=runs.cancel, gives=_TOLD),
    Door(
        method="POST", path="/v1/runs/{run}/steer", do=runs.steer, body=runs.SteerBody,
        gives=_TOLD,
    ),
    Door(
        method="POST", path="/v1/runs/{run}/approve", do=runs.approve, body=runs.ApproveBody,
        needs_body=False, gives=_TOLD,
    ),
    Door(
        method="POST", path="/v1/runs/{run}/deny", do=runs.deny, body=runs.DenyBody,
        needs_body=False, gives=_TOLD,
    ),
    Door(
        method="POST", path="/v1/runs/{run}/fork", do=runs.fork, body=runs.ForkBody,
        needs_body=False, good=201, gives=("run",),
    ),
    Door(
        method="GET", path="/v1/runs/{run}/diagnosis", do=diagnosing.diagnosis,
        gives=("run", "findings", "decisive"),
    ),
    Door(method="GET", path="/v1/runs/{run}/share", do=share.share, returns="text/html"),
)  # fmt: skip
_REFUSALS = (400, 401, 402, 403, 404, 405, 408, 409, 413, 429, 502, 503)


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Error": _ERROR}
    for door in DOORS:
        place = door.path.replace(":path", "")
        paths.setdefault(place, {})[door.method.lower()] = _operation(door, place, schemas)
    if find_spec("mcp") is not None:
        paths["/mcp"] = {"post": _MCP}
    return {
        "openapi": "3.1.0",
        "info": {"title": "manyminds", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


_ERROR: dict[str, Any] = {
    "type": "object", "required": ["error"],
    "properties": {
        "error": {
            "type": "object", "required": ["message", "type", "code", "param"],
            "properties": {
                "message": {"type": "string"}, "type": {"type": "string"},
                "code": {"type": "string"}, "param": {"type": ["string", "null"]},
            },
        }
    },
}  # fmt: skip


_MCP: dict[str, Any] = {
    "summary": "Speak the Model Context Protocol: ask, research, wide, runs.",
    "operationId": "mcp",
    "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
    "responses": {
        "200": {
            "description": "What the protocol says (https://modelcontextprotocol.io).",
            "content": {"application/json": {}, "text/event-stream": {}},
        },
        "202": {"description": "Heard."},
        "4XX": {"description": "Refused."},
    },
}  # fmt: skip


def _operation(door: Door, place: str, schemas: dict[str, Any]) -> dict[str, Any]:
    parts = [part[1:-1] for part in place.split("/") if part.startswith("{")]
    shape: dict[str, Any] = {"type": "string"}
    if door.returns == "application/json":
        shape = {"type": "object", "required": list(door.gives)}
    content: dict[str, Any] = {door.returns: {"schema": shape}}
    if door.streams:
        content["text/event-stream"] = {"schema": {}}
    wrong = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    operation: dict[str, Any] = {
        "summary": door.says,
        "operationId": _name(door),
        "parameters": [
            *(_parameter(name, "path", "string") for name in parts),
            *(_parameter(name, "query", "integer") for name in door.query),
            *(_parameter(name, "query", "string") for name in door.words),
            *(_parameter(name, "header", "string") for name in door.headers),
        ],
        "responses": {
            str(door.good): {"description": "Done.", "content": content},
            **{str(s): {"description": "Refused.", "content": wrong} for s in _REFUSALS},
        },
    }
    if "Idempotency-Key" in door.headers:  # the key that began it before
        operation["responses"]["200"] = {"description": "Done before.", "content": content}
    if door.path == "/health":
        operation["security"] = []
    if door.body is not None:
        name = door.body.__name__
        found = door.body.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(found.pop("$defs", {}))
        schemas[name] = found
        body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        operation["requestBody"] = {"required": door.needs_body, "content": body}
    return operation


def _name(door: Door) -> str:
    """Return a name that no other route has."""
    return f"{door.method.lower()}{door.path.translate(_WORDS)}"


_EXAMPLES = {"decision": "last"}
"""What may stand in an address: the decision that was gone on with last."""
_WORDS = str.maketrans({"/": "_", "{": None, "}": None, ":": "_", ".": "_"})


def _parameter(name: str, place: str, kind: str) -> dict[str, Any]:
    known = {"example": _EXAMPLES[name]} if name in _EXAMPLES else {}
    said = {"name": name, "in": place, "required": place == "path", "schema": {"type": kind}}
    return {**said, **known}


def application(house: House, who: Who) -> Starlette:
    """Return the server as an ASGI application; it works runs while its lifespan lasts."""
    routes, while_served = _tools(house)

    @asynccontextmanager
    async def living(_app: Starlette) -> AsyncGenerator[None]:
        house.engine.open()
        try:
            async with while_served():
                yield
        finally:
            await house.engine.close()

    doors = [Route(door.path, door.do, methods=[door.method]) for door in DOORS]
    app = Starlette(
        routes=[*page_routes(), *doors, *routes],
        middleware=[Middleware(Gate, who=who)],
        exception_handlers={
            Refused: _refused, ManymindsError: _refused, HTTPException: _unrouted,
            Exception: _broken,
        },
        lifespan=living,
    )  # fmt: skip
    app.state.house = house
    return app


def _tools(house: House) -> tuple[list[BaseRoute], Callable[[], Any]]:
    """Return the routes of MCP, where its library is here."""
    try:
        made: Any = import_module("manyminds.server.mcp")
    except ImportError:
        return [], nullcontext
    return made.mcp_routes(house)


async def _refused(_request: Request, error: Exception) -> Response:
    return refusal(error if isinstance(error, Refused) else refused(_ours(error)))


def _ours(error: Exception) -> ManymindsError:
    return error if isinstance(error, ManymindsError) else ManymindsError(type(error).__name__)


async def _broken(_request: Request, error: Exception) -> Response:
    return refusal(Refused(500, f"a mistake of ours: {type(error).__name__}", code="failed"))


_UNROUTED = {
    404: ("there is nothing here; see /openapi.json", "not_found"),
    405: ("not with that method; see /openapi.json", "wrong_method"),
}


async def _unrouted(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    why, code = _UNROUTED.get(status, ("refused", "refused"))
    return refusal(Refused(status, why, code=code, headers=headers))


def paths() -> Sequence[tuple[str, str]]:
    """Return method and path of each route."""
    return [(door.method, door.path) for door in DOORS]
