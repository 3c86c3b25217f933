"""`manyminds keys`: set, list and forget keys. A key is never printed."""

import getpass
import json
import sys
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.runtime.keys import KEY_NAMES, find_key, forget_key, store_key

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]

app = App(name="keys", help="Set, list or forget the keys of providers.")


@app.default
def keys(*, json_: Json = False) -> int:
    """List the providers that take a key and where theirs is, if anywhere.

    Args:
        json_: Print one JSON object.
    """
    places = {name: None if (key := find_key(name)) is None else key.place for name in KEY_NAMES}
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "keys": places}))
        return 0
    for name, place in places.items():
        print(f"{name:12} {place or 'none'}   ({' or '.join(KEY_NAMES[name])})")
    return 0


@app.command(name="set")
def set_key(name: str, *, json_: Json = False) -> int:
    """Store a provider's key in the system's keyring, or in a file that only you can read.

    Args:
        name: Provider: openai, anthropic, google, openrouter, or http for bare URLs.
        json_: Print one JSON object.
    """
    value = getpass.getpass(f"key for {name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    place = store_key(name, value.strip())
    done = {"outcome": "answered", "cost": None, "kept_in": place}
    print(json.dumps(done) if json_ else f"kept in the {place}")
    return 0


@app.command
def forget(name: str, *, json_: Json = False) -> int:
    """Remove a provider's stored key.

    Args:
        name: Provider.
        json_: Print one JSON object.
    """
    had = forget_key(name)
    done = {"outcome": "answered", "cost": None, "forgotten": had}
    print(json.dumps(done) if json_ else "forgotten" if had else "there was none")
    return 0
