"""What a run needs, looked at: what was found, what works, and the exact fix for what does not."""

import asyncio
import importlib.util
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass

from manyminds.core.errors import ProviderError, UsageError
from manyminds.runtime.discover import choose_models
from manyminds.runtime.embedded.parts import CODER, installed, model_path
from manyminds.runtime.endpoints import connect
from manyminds.runtime.keys import KEY_NAMES, find_key
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.power import counter_for
from manyminds.runtime.settings import load_settings
from manyminds.tools.sandbox.choose import FIX, find_isolation

__all__ = ["Doctor", "Finding", "look"]

BELIEVED_S = 30.0
LONGEST_S = 12.0
"""What a model, and beside it the sandbox, has to show that it works: whoever asked waits."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    works: bool
    found: str
    fix: str | None = None
    """The command that mends it; `None` where nothing needs mending."""


class Doctor:
    """Looks at everything for many who ask: one look at a time, believed for a while."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._looking = asyncio.Lock()
        self._at, self._found = 0.0, list[Finding]()

    async def look(self) -> Sequence[Finding]:
        """Return what was found, at most `BELIEVED_S` ago."""
        async with self._looking:
            if not self._found or time.monotonic() - self._at > BELIEVED_S:
                self._found = await look()
                self._at = time.monotonic()
            return self._found


async def look() -> list[Finding]:
    """Look at everything a run needs."""
    model, sandbox = await asyncio.gather(
        _in_time("model", _model()), _in_time("sandbox", _sandbox())
    )
    return [
        _python(), _folders(), model, _embedded(), sandbox, _documents(), _energy(), _keys(),
    ]  # fmt: skip


async def _in_time(what: str, looking: Coroutine[None, None, Finding]) -> Finding:
    try:
        return await asyncio.wait_for(looking, LONGEST_S)
    except TimeoutError:
        found = f"not known: it did not show within {LONGEST_S:g} s that it works"
        return Finding(what=what, works=False, found=found, fix="ask again when less is going on")


def _python() -> Finding:
    version = platform.python_version()
    return Finding(what="Python", works=sys.version_info >= (3, 11), found=version)


def _folders() -> Finding:
    home = data_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home):
            free = shutil.disk_usage(home).free >> 30
    except OSError as error:
        fix = "make it writable, or set MANYMINDS_HOME to a folder that is"
        return Finding(what="data folder", works=False, found=f"{home}: {error.strerror}", fix=fix)
    return Finding(what="data folder", works=True, found=f"{home}, {free} GiB free")


async def _model() -> Finding:
    try:
        configured = load_settings({})["models"].value
        choice = await choose_models((), configured if isinstance(configured, tuple) else ())
        endpoint = await connect(choice.models[0], cache=cache_home())
    except (UsageError, ProviderError) as error:
        return Finding(what="model", works=False, found=str(error), fix=_model_fix())
    abilities = endpoint.abilities
    await endpoint.close()
    can = ", ".join(
        f"{name} {'yes' if value else 'unknown' if value is None else 'no'}"
        for name, value in (
            ("schema", abilities.json_schema), ("tools", abilities.tools),
            ("parallel tools", abilities.parallel_tools),
            ("usage in stream", abilities.stream_usage),
        )
    )  # fmt: skip
    context = f"context {abilities.context_tokens or 'unknown'}"
    reasoning = f"reasoning field {abilities.reasoning_field or 'none seen'}"
    found = f"{choice.models[0]} ({choice.why}): {can}, {context}, {reasoning}"
    return Finding(what="model", works=True, found=found)


def _model_fix() -> str:
    return (
        "set a key (`manyminds keys set openai`), start a local server, "
        "or install the extra `local`"
    )


def _embedded() -> Finding:
    if not installed(CODER):
        return Finding(what="embedded model", works=False, found="not installed (extra `local`)")
    path = model_path(CODER, cache_home())
    state = "joined and verified at first use" if not path.exists() else str(path)
    if importlib.util.find_spec("xllamacpp") is None:
        fix = "pip install 'manyminds[local]'"
        return Finding(what="embedded model", works=False, found="xllamacpp is missing", fix=fix)
    return Finding(what="embedded model", works=True, found=state)


async def _sandbox() -> Finding:
    isolation = await find_isolation(cache_home())
    refused = "; ".join(f"{name}: {why}" for name, why in isolation.refused.items())
    if isolation.jailer is None:
        return Finding(what="sandbox", works=False, found=refused, fix=FIX)
    found = f"{isolation.jailer.name}, isolation proved just now"
    return Finding(what="sandbox", works=True, found=found + (f" ({refused})" if refused else ""))


def _documents() -> Finding:
    there = importlib.util.find_spec("wordllama") is not None
    found = "full text and vectors" if there else "full text only (extra `docs` adds vectors)"
    return Finding(what="documents", works=True, found=found)


def _energy() -> Finding:
    here = counter_for(None).method
    hosted = "EcoLogits" if importlib.util.find_spec("ecologits") else "unknown (extra `energy`)"
    return Finding(
        what="energy", works=True, found=f"models here: {here}; hosted models: {hosted}; estimates"
    )


def _keys() -> Finding:
    try:
        places = [
            f"{name} ({key.place})" for name in KEY_NAMES if (key := find_key(name)) is not None
        ]
    except UsageError as error:
        return Finding(
            what="keys", works=False, found=str(error), fix=str(error).rpartition("run: ")[2]
        )
    return Finding(what="keys", works=True, found=", ".join(places) or "none")
