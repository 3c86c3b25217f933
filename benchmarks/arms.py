"""One member-run (two model calls, one tool call), done by each arm; run in a process of its own.

python benchmarks/arms.py ARM PORT seq RUNS        # one JSON line: wall and CPU per run
python benchmarks/arms.py ARM PORT conc N          # one JSON line: wall, peak memory
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import openai
from measure import One, measure

from manyminds.core.messages import ToolCall, ToolSpec
from manyminds.core.protocols import Abilities
from manyminds.core.values import Evidence, Limits, Member, Task

SPEC = {
    "type": "function",
    "function": {
        "name": "python",
        "description": "Run code",
        "parameters": {
            "type": "object",
            "properties": {"code": {"type": "string"}},
            "required": ["code"],
        },
    },
}


def bare(*, transport: str) -> Callable[[str], One]:
    """Return a loop over the `openai` client with nothing around it."""

    def ready(base: str) -> One:
        http = openai.DefaultAioHttpClient() if transport == "aiohttp" else None
        client = openai.AsyncOpenAI(base_url=base, api_key="x", timeout=600, http_client=http)

        async def one(number: int) -> str:
            messages: list = [
                {"role": "system", "content": "You solve problems."},
                {"role": "user", "content": f"Solve task {number}"},
            ]
            while True:
                reply = await client.chat.completions.create(
                    model="stub", messages=messages, tools=[SPEC]
                )
                message = reply.choices[0].message
                if not message.tool_calls:
                    return message.content or ""
                messages.append(message.model_dump(exclude_none=True))
                for call in message.tool_calls:
                    json.loads(call.function.arguments)
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": "42"})

        return one

    return ready


class Trivial:
    """The tool of all arms: it returns "42"."""

    spec = ToolSpec(
        name="python", description="Run code", parameters=SPEC["function"]["parameters"]
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Return the one result."""
        return (Evidence(id="", tool="python", request=str(call.arguments["code"]), output="42"),)


def manyminds(base: str) -> One:
    """Return our member loop in a run: metered, priced, every step on disk in the transcript."""
    from manyminds.agents.member import open_thread, work
    from manyminds.agents.names import parse_model
    from manyminds.budget.prices import price_of
    from manyminds.runtime.endpoints import ConnectedEndpoint, _chat_model, openai_client
    from manyminds.runtime.run import MemoryRun
    from manyminds.tools.toolset import Toolset
    from manyminds.transcript.store import TranscriptWriter

    name = f"{base}#stub"
    client = openai_client(base, "x")
    endpoint = ConnectedEndpoint(
        name=parse_model(name), model=_chat_model("stub", client), price=price_of("http", "stub"),
        abilities=Abilities(tools=True), client=client,
    )  # fmt: skip
    writer = TranscriptWriter(Path(tempfile.mkdtemp()) / "transcript.jsonl")
    run = MemoryRun(
        run_id="bench", task=Task(prompt="Solve it"), members=(), endpoints={name: endpoint},
        tools=Toolset([Trivial()]), limits=Limits(tokens=10**9, seconds=3600), seed=1,
        sinks=[writer.write],
    )  # fmt: skip

    async def one(number: int) -> str:
        member = Member(name=f"m{number}", way="direct", model=name)
        return (await work(run, open_thread(run, member, temperature=0.0))).answer

    return one


def pydantic_ai(base: str) -> One:
    """Return pydantic-ai's own agent loop, on the faster transport."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    http = openai.DefaultAioHttpClient()
    client = openai.AsyncOpenAI(base_url=base, api_key="x", timeout=600, http_client=http)
    model = OpenAIChatModel("stub", provider=OpenAIProvider(openai_client=client))
    agent = Agent(model, instructions="You solve problems.")

    @agent.tool_plain
    async def python(code: str) -> str:
        """Run code."""
        return "42"

    async def one(number: int) -> str:
        return (await agent.run(f"Solve task {number}")).output

    return one


ARMS: dict[str, Callable[[str], One]] = {
    "bare": bare(transport="default"),
    "bare_aiohttp": bare(transport="aiohttp"),
    "manyminds": manyminds,
    "pydantic_ai": pydantic_ai,
}


async def main(arm: str, port: str, mode: str, count: int) -> dict[str, float | str]:
    """Measure one arm."""
    return await measure(arm, ARMS[arm](f"http://127.0.0.1:{port}/v1"), mode, count)


if __name__ == "__main__":
    arm, port, mode, count = sys.argv[1:5]
    print(json.dumps(asyncio.run(main(arm, port, mode, int(count)))), flush=True)
