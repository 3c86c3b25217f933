"""Other people's ways of spending compute on the same questions, model and server as ours.

    manyminds bench gsm_plus --limit 24 --data ../shared/data --arms single,majority,best_of_n,heavy --out F
    python benchmarks/peers/run.py gsm_plus --limit 24 --data ../shared/data --out F     # resumes

Each peer is driven in an environment of its own (`.bench/peers`, made where it is missing) against the
embedded server, through a proxy that counts what the server says each question has cost. Its rows go
beside ours in the folder of the bench; the same command then writes table and report anew. That our
own receipts equal that proxy's count is checked in `tests/evals/test_proxy.py`.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from filelock import FileLock
from rich.console import Console

from manyminds.agents.prompts import prompt
from manyminds.agents.sample import asks_for_code, read_answer
from manyminds.cli.bench import WIDE, print_measures
from manyminds.evals.arms import BASE
from manyminds.evals.measures import measure
from manyminds.evals.origin import command, machine, version
from manyminds.evals.proxy import Counted, CountingProxy, counting_proxy
from manyminds.evals.questions import Question, grade
from manyminds.evals.report import Origin, write_report
from manyminds.evals.suites import load_suite
from manyminds.evals.trials import Trial, line_of, read_trials
from manyminds.runtime.embedded.parts import CODER
from manyminds.runtime.embedded.server import ensure_server, release_server
from manyminds.runtime.paths import cache_home
from manyminds.tools.sandbox.choose import Isolation, find_isolation
from manyminds.tools.sandbox.tool import Python
from manyminds.transcript.store import cut_torn_line

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".bench" / "peers"
MODEL = "embedded:qwen2.5-coder-1.5b"
TOLD = {"capture_output": True, "text": True}
MEMBERS = 5
MISSING = 'If the question lacks something that it needs, the answer is "cannot be determined".'
"""Our members are told so, and GSM-Plus wants it."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One way of one peer."""

    driver: str
    way: str
    environment: str
    packages: tuple[str, ...]
    suites: tuple[str, ...] = ("gsm_plus", "humaneval")
    """What it can be asked fairly: a way that ends in a number writes no functions."""
    alone: bool = False
    """Whether the first package is installed without what it says it needs: optillm wants torch and
    250 packages more for plugins that are not used here."""


_OPTILLM = (
    "optillm==0.4.0", "openai", "flask", "cerebras-cloud-sdk", "networkx", "z3-solver", "math-verify",
    "pyyaml", "aiohttp", "requests", "numpy", "sympy",
)  # fmt: skip
PEERS = {
    "bare majority": Peer(driver="bare", way="", environment="bare", packages=("openai",)),
    **{
        f"optillm {way}": Peer(
            driver="optillm", way=way, environment="optillm", packages=_OPTILLM, alone=True
        )
        for way in ("bon", "moa", "self_consistency", "cot_reflection")
    },
    **{
        f"ag2 {way}": Peer(
            driver="ag2",
            way=way,
            environment="ag2c",
            packages=("ag2[openai]==0.9.10",),
            suites=("gsm_plus",),
        )
        for way in ("maths_chat", "crew")
    },
    "smolagents CodeAgent": Peer(
        driver="smolagents",
        way="",
        environment="smolagents",
        packages=("smolagents[openai]==1.26.0",),
        suites=("gsm_plus",),
    ),
}
"""What is driven. AG2 is of the line that has the two-agent maths chat."""


async def main(arguments: argparse.Namespace) -> None:
    """Play what was not played yet, and write the report."""
    questions = load_suite(arguments.suite, arguments.data, limit=arguments.limit)
    isolation = await find_isolation(cache_home())
    if isolation.jailer is None:
        sys.exit("programs are to be run, and no sandbox works here; see manyminds doctor")
    server = await ensure_server(CODER, cache_home())
    rows = arguments.out / "rows.jsonl"
    lock = FileLock(arguments.out / "lock").acquire(blocking=False)  # a bench may be playing
    try:
        async with (
            counting_proxy(f"{server.address}/v1", key=server.key) as proxy,
            sandbox(isolation) as address,
        ):
            if rows.exists():
                cut_torn_line(rows)
            for arm in arguments.arms.split(",") if arguments.arms else PEERS:
                if arguments.suite not in PEERS[arm].suites:
                    continue
                done = {row.question for row in read_trials(rows) if row.arm == arm}
                left = [question for question in questions if question.id not in done]
                if left:
                    await play(arm, left, arguments, proxy, address, isolation)
    finally:
        lock.release()
        release_server(CODER, cache_home())
    tell(arguments.out, {question.id for question in questions})


async def play(
    arm: str, questions: list[Question], arguments: argparse.Namespace, proxy: CountingProxy,
    sandbox_at: str, isolation: Isolation,
) -> None:  # fmt: skip
    """Let one peer answer; each answer is graded and written as it comes."""
    peer, errors = PEERS[arm], arguments.out / f"{arm.replace(' ', '-')}.log"
    driver = await asyncio.create_subprocess_exec(
        environment(peer), str(HERE / f"drive_{peer.driver}.py"), peer.way or "-",
        str(arguments.side_by_side), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=errors.open("wb"), limit=1 << 24, env=_environ(),
    )  # fmt: skip
    assert driver.stdin is not None
    assert driver.stdout is not None
    by_label = {f"{arm.replace(' ', '-')}-{n}": question for n, question in enumerate(questions)}
    for label, question in by_label.items():
        asked = _asked(question) | {"label": label, "base": proxy.address(label), "run": sandbox_at}
        driver.stdin.write((json.dumps(asked) + "\n").encode())
    driver.stdin.close()
    python, began = Python(isolation), time.monotonic()
    try:
        async for line in driver.stdout:
            told = json.loads(line)
            question = by_label.pop(told["label"])
            counted = proxy.counts.get(told["label"], Counted())
            if told["error"] is not None and (counted.failed or not counted.requests):
                print(f"{arm} {question.id}: left for another time: {told['error']}", flush=True)
                continue  # whoever was not answered was not wrong
            row = await _row(arm, question, told, counted, python)
            with (arguments.out / "rows.jsonl").open("a", encoding="utf-8") as file:
                file.write(line_of(row) + "\n")
            passed = time.monotonic() - began
            print(f"{passed:.0f} s {arm} {question.id}: {row.right} {row.reason[:80]} {counted.tokens} tokens", flush=True)  # fmt: skip
    finally:
        if await driver.wait() or by_label:
            print(f"{arm}: {len(by_label)} questions were not answered; see {errors}", flush=True)
        await python.close()


def _environ() -> dict[str, str]:
    """Return our surroundings without keys: peers need none."""
    return {k: v for k, v in os.environ.items() if not k.upper().endswith(("_KEY", "_TOKEN"))}


def _asked(question: Question) -> dict[str, str]:
    """Ask as our own members are asked."""
    code = asks_for_code(question.prompt)
    return {
        "prompt": question.prompt if code else f"{question.prompt}\n\n{MISSING}",
        "asked": prompt("question" if code else "question_words", question=question.prompt),
        "system": prompt("sample_code") if code else "",
    }


async def _row(
    arm: str, question: Question, told: dict[str, str | None], counted: Counted, python: Python
) -> Trial:
    text = told["text"]
    given = None if text is None else read_answer(text, code=question.grading == "tests") or text
    found = await grade(question, given, python)
    reason = found.reason if told["error"] is None else f"it failed: {told['error']}"
    return Trial(
        suite="humaneval" if question.grading == "tests" else "gsm_plus", question=question.id,
        kind=question.kind, cluster=question.cluster, arm=arm, right=found.right, reason=reason,
        given=given, outcome="none" if given is None else "answered", confidence=None, drafts=(),
        later=(), tokens_in=counted.tokens_in, tokens_cached=counted.tokens_cached,
        tokens_out=counted.tokens_out + counted.pieces_cut, usd=0.0, joules=None,
        seconds=round(counted.seconds, 3), first_token_s=None, requests=counted.requests,
        by_purpose={"work": counted.tokens}, stopped_by=None, run="", seed=0, model=MODEL,
        prompts="", code=version(), at=datetime.now(UTC).isoformat(timespec="seconds"),
        chance=question.chance,
    )  # fmt: skip


@asynccontextmanager
async def sandbox(isolation: Isolation) -> AsyncIterator[str]:
    """Serve our jail to the drivers: POST {"code"} gives {"ok", "output"}."""

    async def run(request: web.Request) -> web.Response:
        python = Python(isolation)
        try:
            ran = await python.run("peer", (await request.json())["code"])
        finally:
            await python.close()
        output = ran.stdout if ran.error is None else f"{ran.stdout}\n{ran.error}"
        return web.json_response({"ok": ran.error is None, "output": output.strip()[:2_000]})

    app = web.Application()
    app.router.add_post("/run", run)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/run"
    finally:
        await runner.cleanup()


def environment(peer: Peer) -> str:
    """Return the Python of a peer's own environment, made where it is missing."""
    home = ENVIRONMENTS / peer.environment
    python = home / "bin" / "python"
    if not python.exists():
        print(f"installing {peer.environment}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, **TOLD)
        pip = [str(python), "-m", "pip", "install", "-q"]
        first, *rest = peer.packages
        try:
            if peer.alone:
                subprocess.run([*pip, "--no-deps", first], check=True, **TOLD)
            subprocess.run([*pip, *(rest if peer.alone else peer.packages)], check=True, **TOLD)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(home)
            sys.exit(f"{peer.environment} cannot be installed: {error.stderr.strip()[-300:]}")
    return str(python)


def tell(out: Path, asked: set[str]) -> None:
    """Print and write what all arms of the folder, ours and theirs, have reached."""
    rows = [row for row in read_trials(out / "rows.jsonl") if row.question in asked]
    if not any(row.arm == BASE for row in rows):
        sys.exit(
            f"the peers' rows are in {out}; play the bench into the same folder to compare them"
        )
    found = measure(rows, members=MEMBERS)
    print_measures(found, Console(width=WIDE))
    print(
        write_report(out, found, rows, Origin(command=command(), machine=machine(), code=version()))
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=("gsm_plus", "humaneval"))
    parser.add_argument("--limit", type=int, default=24)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--arms", help="with commas; by default all that fit the suite")
    parser.add_argument("--side-by-side", type=int, default=1, help="as the bench was played")
    asyncio.run(main(parser.parse_args()))
