"""`manyminds serve`: one server for every client, on this machine unless told otherwise."""

import asyncio
import ipaddress
import json
import os
import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.session import chosen
from manyminds.cli.words import notice
from manyminds.core.errors import UnknownName, UsageError
from manyminds.runtime.door import SqliteDoor
from manyminds.runtime.paths import cache_home, config_home, data_home
from manyminds.runtime.settings import Setting, load_settings
from manyminds.server.app import application
from manyminds.server.books import Books
from manyminds.server.clients import SCOPES, Client, Clients, Scope
from manyminds.server.engine import Engine
from manyminds.server.gate import Who
from manyminds.server.house import REASONING_FIELDS, House, ReasoningField
from manyminds.server.listening import Listening, bound
from manyminds.server.modes import Modes

__all__ = ["app", "house_for"]

KEY_VARIABLE = "MANYMINDS_SERVER_KEY"
Json = Annotated[bool, Parameter(name="--json", negative=())]
_Names = Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative=())]

app = App(name="serve", help="Serve every client: OpenAI's protocol, runs.")
keys = App(name="keys", help="Give clients keys of their own, with scopes and budgets.")
app.command(keys)


@app.default
def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8377,
    model: _Names = (),
    docs: str | None = None,
    mcp: str | None = None,
    at_once: int = 4,
    waiting: int = 32,
    allow_host: _Names = (),
    allow_origin: _Names = (),
    reasoning_field: str = "reasoning_content",
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    root_path: str = "",
) -> int:
    """Serve until Ctrl-C or SIGTERM. The key is that of MANYMINDS_SERVER_KEY, or is made up.

    Args:
        host: Where to listen; what others can reach needs MANYMINDS_SERVER_KEY or client keys.
        port: Where to listen; 0 takes any that is free.
        model: provider:name or http://host:port/v1#name; several make a mixed panel.
        docs: Folder of documents that all runs may search.
        mcp: File with mcpServers, as other hosts write it, whose tools all runs may use.
        at_once: Runs worked side by side.
        waiting: Runs that may wait for a place; more are told to come back.
        allow_host: Another name that this server is reached by, like ai.example.
        allow_origin: A site whose pages may call it, like https://chat.example.
        reasoning_field: Where progress goes: reasoning_content, reasoning, both or none.
        tls_cert: File with the certificate, to serve https.
        tls_key: File with its key.
        root_path: The path that a proxy puts before ours, like /manyminds.
    """
    if at_once < 1 or waiting < 0:
        raise UsageError("--at-once takes 1 or more, --waiting 0 or more")
    if (tls_cert is None) != (tls_key is None):
        raise UsageError("--tls-cert and --tls-key go together")
    field = _field(reasoning_field)
    public, given = not _is_loopback(host), os.environ.get(KEY_VARIABLE, "").strip()
    clients = Clients(_clients_file(), given)
    if public and not given and not clients.all():
        raise UsageError(
            f"{host} can be reached from elsewhere: set {KEY_VARIABLE}, or give clients keys with "
            "`manyminds serve keys add NAME`"
        )
    made = "" if given or public else secrets.token_urlsafe(24)
    settings = load_settings({"models": model, "docs": docs, "mcp": mcp})
    listening = Listening(
        at=bound(host, port), root_path=root_path, certificate=tls_cert, key=tls_key
    )
    who = Who(
        clients=Clients(_clients_file(), given or made), by_address=public,
        hosts=frozenset({"127.0.0.1", "localhost", "::1", host, *allow_host}),
        origins=frozenset(origin.rstrip("/") for origin in allow_origin),
    )  # fmt: skip
    asyncio.run(_serve(listening, who, settings, field, (at_once, waiting), made))
    notice("the server is gone; runs that outlive it go on when it is back")
    return ANSWERED


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _field(text: str) -> ReasoningField:
    for field in REASONING_FIELDS:
        if field == text:
            return field
    raise UnknownName("reasoning field", text, REASONING_FIELDS)


async def _serve(
    listening: Listening, who: Who, settings: dict[str, Setting], field: ReasoningField,
    places: tuple[int, int], made: str,
) -> None:  # fmt: skip
    house = replace(house_for(await chosen(settings), settings, *places), reasoning=field)
    server = listening.server(application(house, who))
    host, port = listening.at.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    # What stands behind # is sent nowhere: not to the server, not to its logs.
    opens = f"/#token={made}" if made else "/"
    notice(f"serving at {listening.scheme}://{shown}:{port}{listening.root_path}{opens}")
    await server.serve(sockets=[listening.at])


def house_for(
    models: tuple[str, ...], settings: dict[str, Setting], at_once: int, waiting: int
) -> House:
    """Return a server on this machine's data."""
    docs, mcp = settings["docs"].value, settings["mcp"].value
    engine = Engine(
        data=data_home(), cache=cache_home(), at_once=at_once, waiting=waiting,
        books=Books(SqliteDoor(data_home() / "server.sqlite")),
    )  # fmt: skip
    modes = Modes(
        models=models, docs=Path(docs) if isinstance(docs, str) else None,
        mcp=Path(mcp).absolute() if isinstance(mcp, str) else None,
        search=str(settings["search"].value),
    )  # fmt: skip
    return House(engine=engine, modes=modes)


def _clients_file() -> Path:
    return config_home() / "clients.json"


@keys.default
def listed(*, json_: Json = False) -> int:
    """List the clients; their keys were shown when they were made, and never again.

    Args:
        json_: Print one JSON object.
    """
    found = Clients(_clients_file()).all()
    if json_:
        told = {
            one.name: {"scopes": list(one.scopes), "budget": one.budget, "days": one.days}
            for one in found.values()
        }
        print(json.dumps({"outcome": "answered", "cost": None, "clients": told}))
        return ANSWERED
    for one in found.values():
        budget = "no budget" if one.budget is None else f"{one.budget} in {one.days} days"
        print(f"{one.name:20} {','.join(one.scopes):12} {budget}")
    if not found:
        notice("no clients yet; make one with: manyminds serve keys add NAME")
    return ANSWERED


@keys.command
def add(
    name: str, *, scopes: str = "ask,web", budget: str | None = None, days: int = 30,
    json_: Json = False,
) -> int:  # fmt: skip
    """Make a client and show its key, this once.

    Args:
        name: What it is called.
        scopes: ask (begin runs and see to them), web (let them use it), all (everybody's runs).
        budget: What all its runs may spend in --days: 500k,5usd.
        days: Days that --budget counts.
        json_: Print one JSON object.
    """
    client = Client(name=name, scopes=_scopes(scopes), budget=budget, days=days)
    key = Clients(_clients_file()).add(client)
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "client": name, "key": key}))
    else:
        print(key)
        notice(f"{name}: send it as `Authorization: Bearer KEY`; it is shown this once")
    return ANSWERED


def _scopes(text: str) -> tuple[Scope, ...]:
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    for name in wanted:
        if name not in SCOPES:
            raise UnknownName("scope", name, SCOPES)
    return tuple(scope for scope in SCOPES if scope in wanted)


@keys.command
def remove(name: str, *, json_: Json = False) -> int:
    """Take a client's key away, at once; its runs stay.

    Args:
        name: What it is called.
        json_: Print one JSON object.
    """
    Clients(_clients_file()).remove(name)
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "removed": name}))
    else:
        notice(f"{name} is gone; its key opens nothing any more")
    return ANSWERED
