"""`manyminds models`: what can be asked here; `models repair` makes the embedded file anew."""

import asyncio
import json
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.core.messages import JsonValue
from manyminds.runtime.discover import choose_models, served_locally
from manyminds.runtime.embedded.parts import (
    CODER,
    ensure_model,
    installed,
    model_path,
    remove_model,
)
from manyminds.runtime.embedded.server import stop_server
from manyminds.runtime.endpoints import EMBEDDED
from manyminds.runtime.keys import KEY_NAMES, find_key
from manyminds.runtime.paths import cache_home
from manyminds.runtime.probe import forget_abilities
from manyminds.runtime.settings import load_settings

__all__ = ["app", "model_for"]

app = App(name="models", help="List the models that can be used, or repair the embedded one.")


@app.default
def models(*, json_: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """List what can be used here, and which one is used when none is named.

    Args:
        json_: Print one JSON object.
    """
    configured = load_settings({})["models"].value
    names = configured if isinstance(configured, tuple) else ()
    choice = asyncio.run(choose_models((), names))
    local = asyncio.run(served_locally())
    keys = {p: key.place for p in KEY_NAMES if (key := find_key(p)) is not None}
    embedded = {name: installed(file) for name, file in EMBEDDED.items()}
    if json_:
        found: dict[str, JsonValue] = {
            "outcome": "answered", "cost": None, "default": list(choice.models),
            "why": choice.why, "configured": list(names),
            "local": {p: list(served) for p, served in local.items()},
            "keys": dict(keys), "embedded": dict(embedded),
        }  # fmt: skip
        print(json.dumps(found))
        return 0
    print(f"used when none is named: {', '.join(choice.models)} ({choice.why})")
    for provider, served in local.items():
        for name in served:
            print(f"  {provider}:{name}")
    for provider, place in keys.items():
        print(f"  {provider}:…   key in the {place}")
    for name, there in embedded.items():
        print(f"  embedded:{name}   {'installed' if there else 'not installed (extra `local`)'}")
    print("any other server: --model http://host:port/v1#name")
    return 0


@app.command
def repair(*, json_: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """Join the embedded model's file anew, verify it, and forget what was probed.

    Args:
        json_: Print one JSON object.
    """
    cache = cache_home()
    stop_server(CODER, cache)
    remove_model(CODER, cache)
    forget_abilities(cache)
    ensure_model(CODER, cache)
    path = str(model_path(CODER, cache))
    done: dict[str, JsonValue] = {"outcome": "answered", "cost": None, "file": path}
    print(json.dumps(done) if json_ else f"made anew and verified: {path}")
    return 0


async def model_for(asked: str | None) -> str:
    """Return the one model for what takes one: the one asked for, configured, or found."""
    configured = load_settings({"models": (asked,) if asked else ()})["models"].value
    names = configured if isinstance(configured, tuple) else ()
    return (await choose_models((asked,) if asked else (), names)).models[0]
