"""`manyminds doctor`: what was found, what works, and the exact fix for what does not."""

import asyncio
import json
import os
import platform
import re
import resource
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.core.messages import ModelCall, Said
from manyminds.runtime.doctor import Finding, look
from manyminds.runtime.embedded.parts import CODER
from manyminds.runtime.embedded.server import ensure_server
from manyminds.runtime.endpoints import connect
from manyminds.runtime.paths import cache_home
from manyminds.tools.sandbox.pyodide import fetch

__all__ = ["doctor"]


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
    return await look(), await _bench() if bench else None


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
