"""What the server adds to a model: time to the first byte, to the answer, and requests a second.

    python benchmarks/server.py [--optillm PYTHON]     # writes SERVER.md and server.json

One stub model at 20 ms; `manyminds serve` in a process of its own, its mode `brief` (one call, as a
client would make it itself), `single` (a member with tools) and `heavy`; optillm's server, where a
Python with it is named, by its cheapest approach. Arms take turns within each round.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import httpx2
from figures import code, machine

HERE = Path(__file__).parent
LATENCY_MS, ROUNDS, EACH, SIDE_BY_SIDE = 20, 5, 60, 32
QUESTION = "What is 6 * 7?"
KEY = "bench"


@contextmanager
def process(words: list[str], *, heard: bool = True, **env: str):
    """A process that is ended with all that it began; one that says much is not `heard`."""
    said = subprocess.PIPE if heard else subprocess.DEVNULL
    one = subprocess.Popen(
        words, env={**os.environ, **env}, stdout=said, stderr=said, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield one
    finally:
        os.killpg(one.pid, signal.SIGKILL)
        one.wait()


def ours(stack: ExitStack, stub: str) -> str:
    """Begin our server; return its address."""
    words = [
        sys.executable,
        "-m",
        "manyminds.cli",
        "serve",
        "--port",
        "0",
        "--model",
        f"{stub}#stub",
    ]
    words += ["--at-once", "64", "--waiting", "256"]
    home = stack.enter_context(tempfile.TemporaryDirectory())
    one = stack.enter_context(process(words, MANYMINDS_HOME=home, MANYMINDS_SERVER_KEY=KEY))
    assert one.stderr is not None
    for line in one.stderr:
        if "serving at " in line:
            return line.rpartition("serving at ")[2].strip().partition("/#")[0].rstrip("/") + "/v1"
    raise RuntimeError("the server did not begin")


def optillm(stack: ExitStack, python: str, stub: str) -> str:
    """Begin optillm's server; return its address."""
    port = 18_911
    words = [str(Path(python).with_name("optillm")), "--port", str(port), "--base-url", stub]
    words += ["--approach", "none", "--optillm-api-key", KEY]
    stack.enter_context(process(words, heard=False, OPENAI_API_KEY="x", HF_HUB_OFFLINE="1"))
    ends = time.monotonic() + 180
    while time.monotonic() < ends:
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
            return f"http://127.0.0.1:{port}/v1"
        except OSError:
            time.sleep(1)
    raise RuntimeError("optillm did not begin within 180 s")


async def once(client: httpx2.AsyncClient, model: str, *, stream: bool) -> tuple[float, float]:
    """Ask once; return seconds to the first byte of the body and to the end."""
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    began, first = time.perf_counter(), 0.0
    async with client.stream("POST", "chat/completions", json=body) as reply:
        async for _ in reply.aiter_raw():
            first = first or time.perf_counter() - began
        assert reply.status_code == 200, reply.status_code
    return first, time.perf_counter() - began


async def measured(base: str, model: str) -> dict[str, float]:
    """Ask one after the other, then side by side."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx2.AsyncClient(base_url=f"{base}/", headers=headers, timeout=120) as client:
        await once(client, model, stream=False)
        plain = [await once(client, model, stream=False) for _ in range(EACH)]
        begun = [await once(client, model, stream=True) for _ in range(EACH // 3)]
        places = asyncio.Semaphore(SIDE_BY_SIDE)

        async def in_turn() -> None:
            async with places:
                await once(client, model, stream=False)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(EACH * 2):
                tasks.create_task(in_turn())
        wall = time.perf_counter() - began
    return {
        "whole_ms": statistics.median(t for _, t in plain) * 1e3,
        "first_byte_ms": statistics.median(f for f, _ in begun) * 1e3,
        "requests_s": EACH * 2 / wall,
    }


def main(arguments: argparse.Namespace) -> None:
    """Measure all arms in turns and write what came out."""
    rows: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        begun = stack.enter_context(
            process([sys.executable, str(HERE / "stub.py"), str(LATENCY_MS)])
        )
        assert begun.stdout is not None
        stub = f"http://127.0.0.1:{begun.stdout.readline().strip()}/v1"
        served = ours(stack, stub)
        arms = {"the stub itself": (stub, "stub")}
        if arguments.optillm:
            arms["optillm 0.4.0, approach none"] = (optillm(stack, arguments.optillm, stub), "stub")
        arms |= {f"manyminds, {mode}": (served, mode) for mode in ("brief", "single", "heavy")}
        for _ in range(ROUNDS):
            for name, (base, model) in arms.items():
                rows.setdefault(name, []).append(asyncio.run(measured(base, model)))
    told = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
        "code": code(), "latency_ms": LATENCY_MS, "rounds": ROUNDS, "each": EACH,
        "side_by_side": SIDE_BY_SIDE, "arms": rows,
    }  # fmt: skip
    (HERE / "server.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (HERE / "SERVER.md").write_text(page(told), encoding="utf-8")


def page(told: dict) -> str:
    """Write the figures down."""
    lines = [
        "# What the server adds", "",
        "Written by `python benchmarks/server.py`; do not edit by hand.", "",
        f"- date: {told['date']}", f"- machine: {told['machine']}; stub, servers and client on it",
        f"- code: {told['code']}",
        f"- stub at {told['latency_ms']} ms; medians of {told['rounds']} rounds (least to most), in each "
        f"{told['each']} requests one after the other, {told['each'] // 3} streamed, {told['each'] * 2} "
        f"with {told['side_by_side']} side by side", "",
        "| arm | answer, ms | first byte of a stream, ms | added to the stub, ms | requests a second |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    bare = statistics.median(r["whole_ms"] for r in told["arms"]["the stub itself"])
    for name, rounds in told["arms"].items():
        cells = [
            _cell([r[key] for r in rounds]) for key in ("whole_ms", "first_byte_ms", "requests_s")
        ]
        added = statistics.median(r["whole_ms"] for r in rounds) - bare
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | {added:.1f} | {cells[2]} |")
    lines += ["", "`brief` makes one call, as a client would itself; `single` and `heavy` make as many as", "they need, so what they add holds the model's own time, too."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _cell(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optillm", help="a Python whose environment holds optillm 0.4.0")
    main(parser.parse_args())
