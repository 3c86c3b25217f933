"""Runs of three model calls, kept by each arm in its own way; run in a process of its own.

python benchmarks/durable_arms.py ARM PORT N FOLDER      # one JSON line: wall and CPU seconds
"""

import asyncio
import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypedDict

CALLS = 3
One = Callable[[int], Awaitable[None]]
Arm = Callable[[str, Path], Any]


def cpu_s() -> float:
    """Return the CPU time this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours(*, kept: bool, shared: bool = False) -> Arm:
    """Return runs of ours; `kept` ones write their transcripts and can be taken up.

    `shared` ones write them to PostgreSQL, too, and send nothing before that is committed.
    """

    @asynccontextmanager
    async def ready(base: str, folder: Path) -> AsyncGenerator[One]:
        from manyminds.agents.names import parse_model
        from manyminds.budget.prices import price_of
        from manyminds.core.messages import ModelCall, Said
        from manyminds.core.protocols import Abilities
        from manyminds.core.values import Limits, Member, Task
        from manyminds.runtime.durable import DurableRun
        from manyminds.runtime.endpoints import ConnectedEndpoint, _chat_model, openai_client
        from manyminds.tools.toolset import Toolset
        from manyminds.transcript.store import TranscriptWriter

        post = await posted() if shared else None
        name = f"{base}#stub"
        client = openai_client(base, "x")
        endpoint = ConnectedEndpoint(
            name=parse_model(name), model=_chat_model("stub", client),
            price=price_of("http", "stub"), abilities=Abilities(), client=client,
        )  # fmt: skip

        async def one(number: int) -> None:
            put, wait = (None, None) if post is None else await post(f"run{number}")
            path = folder / f"run{number}" / "transcript.jsonl"
            writer = TranscriptWriter(path, put) if kept else None
            member = Member(name="m1", way="direct", model=name)
            run = DurableRun(
                run_id=f"run{number}", task=Task(prompt="Solve it"), members=(member,),
                endpoints={name: endpoint}, tools=Toolset([]), limits=Limits(), seed=1,
                sinks=[writer.write] if writer else [],
            )  # fmt: skip
            run.kept = wait
            said = (Said(role="user", text=f"Solve task {number}"),)
            for _ in range(CALLS):
                call = ModelCall(
                    messages=said, max_tokens=100, temperature=0.0, seed=run.seed(member)
                )
                reply = await run.request(member, call)
                said = (*said, Said(role="user", text=reply.text))
            if wait is not None:
                await wait()
            if writer:
                writer.close()

        yield one
        await client.close()

    return ready


async def posted() -> Callable[[str], Awaitable[tuple[Any, Any]]]:
    """Return what claims a run in PostgreSQL, and takes its lines there."""
    from manyminds.runtime.fleet import shared
    from manyminds.runtime.fleet.database import ready
    from manyminds.runtime.fleet.outbox import Outbox

    url = os.environ["BENCH_DATABASE"]
    db, outbox, lock = await ready(url), Outbox(url), asyncio.Lock()
    await shared.beat(db, "bench", "here", lease_s=3_600)

    async def post(run: str) -> tuple[Any, Any]:
        async with lock:
            await db.execute("insert into manyminds.run (run, order_json) values (%s, '')", (run,))
            claim = await shared.claim(db, run, "bench")
        assert claim is not None
        parcel = outbox.open(run, claim.epoch, 0)
        return lambda _recorded, line: outbox.put(parcel, line), lambda: outbox.kept(parcel)

    return post


async def asked(client: Any, messages: list[dict[str, str]]) -> str:
    """Ask the model, for the arms that are not ours."""
    reply = await client.chat.completions.create(model="stub", messages=messages)
    return str(reply.choices[0].message.content)


def bare_client(base: str) -> Any:
    """Return the `openai` client on its faster transport."""
    import openai

    http = openai.DefaultAioHttpClient()
    return openai.AsyncOpenAI(base_url=base, api_key="x", timeout=600, http_client=http)


@asynccontextmanager
async def bare(base: str, _folder: Path) -> AsyncGenerator[One]:
    """Return a loop that keeps nothing."""
    client = bare_client(base)

    async def one(number: int) -> None:
        messages = [{"role": "user", "content": f"Solve task {number}"}]
        for _ in range(CALLS):
            messages.append({"role": "user", "content": await asked(client, messages)})

    yield one


def dbos(*, wal: bool, postgres: bool = False) -> Arm:
    """Return workflows of DBOS on SQLite or PostgreSQL, each call a step."""

    @asynccontextmanager
    async def ready(base: str, folder: Path) -> AsyncGenerator[One]:
        from dbos import DBOS

        file = folder / "dbos.sqlite"
        if wal:
            with sqlite3.connect(file) as db:
                db.execute("pragma journal_mode=wal")
        client = bare_client(base)
        url = os.environ["BENCH_DATABASE"] if postgres else f"sqlite:///{file}"
        DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})

        @DBOS.step()
        async def ask(messages: list[dict[str, str]]) -> str:
            return await asked(client, messages)

        @DBOS.workflow()
        async def work(number: int) -> str:
            messages = [{"role": "user", "content": f"Solve task {number}"}]
            for _ in range(CALLS):
                messages.append({"role": "user", "content": await ask(messages)})
            return "done"

        DBOS.launch()

        async def one(number: int) -> None:
            await work(number)

        yield one
        DBOS.destroy()

    return ready


class State(TypedDict):
    """What LangGraph keeps of a run."""

    messages: list[dict[str, str]]


def langgraph(*, durability: str | None) -> Arm:
    """Return graphs of LangGraph, each call a node, with its SQLite saver or none."""

    @asynccontextmanager
    async def ready(base: str, folder: Path) -> AsyncGenerator[One]:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
        from langgraph.graph import END, START, StateGraph

        client = bare_client(base)

        async def ask(state: State) -> State:
            said = {"role": "user", "content": await asked(client, state["messages"])}
            return {"messages": [*state["messages"], said]}

        graph = StateGraph(State)
        names = [f"ask{n}" for n in range(CALLS)]
        for name in names:
            graph.add_node(name, ask)
        for before, after in zip([START, *names], [*names, END], strict=True):
            graph.add_edge(before, after)
        async with AsyncSqliteSaver.from_conn_string(str(folder / "langgraph.sqlite")) as saver:
            app = graph.compile(checkpointer=None if durability is None else saver)

            async def one(number: int) -> None:
                first: State = {"messages": [{"role": "user", "content": f"Solve task {number}"}]}
                config = {"configurable": {"thread_id": str(number)}}
                more = {} if durability is None else {"durability": durability}
                await app.ainvoke(first, config, **more)

            yield one

    return ready


ARMS: dict[str, Arm] = {
    "ours_bare": ours(kept=False),
    "ours": ours(kept=True),
    "ours_postgres": ours(kept=True, shared=True),
    "bare": bare,
    "dbos": dbos(wal=False),
    "dbos_wal": dbos(wal=True),
    "dbos_postgres": dbos(wal=False, postgres=True),
    "langgraph_bare": langgraph(durability=None),
    "langgraph_async": langgraph(durability="async"),
    "langgraph_sync": langgraph(durability="sync"),
}


async def main(arm: str, port: str, count: int, folder: Path) -> None:
    """Do `count` runs side by side and print what they took."""
    async with ARMS[arm](f"http://127.0.0.1:{port}/v1", folder) as one:
        for number in range(3):
            await one(-1 - number)
        wall, cpu = time.perf_counter(), cpu_s()
        await asyncio.gather(*(one(number) for number in range(count)))
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
    print(json.dumps({"arm": arm, "n": count, "wall_s": wall, "cpu_s": cpu}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
