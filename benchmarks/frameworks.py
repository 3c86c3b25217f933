"""The same member-run, written as each framework's users would; each in an environment of its own.

    python benchmarks/frameworks.py ARM PORT seq RUNS        # as arms.py; `run.py --peers` runs them all

Telemetry is switched off where a framework has any.
"""

import asyncio
import functools
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from measure import One, measure

os.environ.update(
    AGNO_TELEMETRY="false",
    CREWAI_DISABLE_TELEMETRY="true",
    CREWAI_TRACING_ENABLED="false",
    OTEL_SDK_DISABLED="true",
    OPENAI_API_KEY="x",
)
ROLE = "You solve problems."


async def python(code: str) -> str:
    """Run code."""
    return "42"


def agno(base: str) -> One:
    """One agent, used again."""
    from agno.agent import Agent
    from agno.models.openai.like import OpenAILike

    model = OpenAILike(id="stub", base_url=base, api_key="x", timeout=600)
    agent = Agent(model=model, tools=[python], instructions=ROLE, telemetry=False)

    async def one(number: int) -> str:
        return (await agent.arun(f"Solve task {number}")).content

    return one


def autogen(base: str) -> One:
    """An agent a run: it keeps its state."""
    from autogen_agentchat.agents import AssistantAgent
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    abilities = dict.fromkeys(("function_calling", "json_output", "structured_output"), True)
    client = OpenAIChatCompletionClient(
        model="stub", base_url=base, api_key="x", timeout=600,
        model_info={"vision": False, "family": "unknown", **abilities},
    )  # fmt: skip

    async def one(number: int) -> str:
        agent = AssistantAgent(
            "solver", client, tools=[python], system_message=ROLE, reflect_on_tool_use=True
        )
        return (await agent.run(task=f"Solve task {number}")).messages[-1].content

    return one


def openai_agents(base: str) -> One:
    """One agent, used again; tracing off."""
    from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool
    from agents import set_tracing_disabled as disable_tracing
    from openai import AsyncOpenAI

    disable_tracing(True)
    client = AsyncOpenAI(base_url=base, api_key="x", timeout=600)
    model = OpenAIChatCompletionsModel("stub", client)
    agent = Agent(name="solver", instructions=ROLE, tools=[function_tool(python)], model=model)

    async def one(number: int) -> str:
        return (await Runner.run(agent, f"Solve task {number}")).final_output

    return one


def langgraph(base: str) -> One:
    """A graph of a model and its tools."""
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode, tools_condition

    tools = [tool(python)]
    model = ChatOpenAI(
        model="stub", base_url=base, api_key="x", timeout=600, use_responses_api=False
    ).bind_tools(tools)

    async def ask(state: MessagesState) -> dict:
        return {"messages": [await model.ainvoke([("system", ROLE), *state["messages"]])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", ask)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    ready = graph.compile()

    async def one(number: int) -> str:
        done = await ready.ainvoke({"messages": [("user", f"Solve task {number}")]})
        return done["messages"][-1].content

    return one


def llama_index(base: str) -> One:
    """One function agent, used again."""
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.llms.openai_like import OpenAILike

    model = OpenAILike(
        model="stub", api_base=base, api_key="x", timeout=600, reuse_client=True,
        is_chat_model=True, is_function_calling_model=True,
    )  # fmt: skip
    agent = FunctionAgent(
        name="solver", description="solves", tools=[python], llm=model, system_prompt=ROLE,
        streaming=False, timeout=None,
    )  # fmt: skip

    async def one(number: int) -> str:
        return str(await agent.run(f"Solve task {number}"))

    return one


def smolagents(base: str) -> One:
    """An agent a run, in a thread: it has no async of its own."""
    from smolagents import OpenAIServerModel, ToolCallingAgent, tool

    def python(code: str) -> str:
        """Run code.

        Args:
            code: the code
        """
        return "42"

    model, wrapped = OpenAIServerModel(model_id="stub", api_base=base, api_key="x"), tool(python)
    threads = ThreadPoolExecutor(1_000)

    def work(number: int) -> str:
        agent = ToolCallingAgent(tools=[wrapped], model=model, verbosity_level=0)
        return str(agent.run(f"Solve task {number}"))

    async def one(number: int) -> str:
        call = functools.partial(work, number)
        return await asyncio.get_running_loop().run_in_executor(threads, call)

    return one


def crewai(base: str) -> One:
    """A crew of one a run."""
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import tool

    @tool("python")
    def wrapped(code: str) -> str:
        """Run code."""
        return "42"

    model = LLM(model="openai/gpt-4o", base_url=base, api_key="x", timeout=600)

    async def one(number: int) -> str:
        agent = Agent(
            role="solver", goal="solve", backstory=ROLE, llm=model, tools=[wrapped],
            verbose=False, allow_delegation=False,
        )  # fmt: skip
        task = Task(description=f"Solve task {number}", expected_output="answer", agent=agent)
        crew = Crew(agents=[agent], tasks=[task], verbose=False, tracing=False)
        return (await crew.akickoff()).raw

    return one


PEERS: dict[str, tuple[Callable[[str], One], tuple[str, ...]]] = {
    "agno": (agno, ("agno", "openai")),
    "autogen": (autogen, ("autogen-agentchat", "autogen-ext[openai]")),
    "openai_agents": (openai_agents, ("openai-agents",)),
    "langgraph": (langgraph, ("langgraph", "langchain-openai")),
    "llama_index": (llama_index, ("llama-index-core", "llama-index-llms-openai-like")),
    "smolagents": (smolagents, ("smolagents[openai]",)),
    "crewai": (crewai, ("crewai",)),
}
"""Each framework, and the packages it needs; the first one names its version."""


if __name__ == "__main__":
    arm, port, mode, count = sys.argv[1:5]
    begin = PEERS[arm][0]
    found = asyncio.run(measure(arm, begin(f"http://127.0.0.1:{port}/v1"), mode, int(count)))
    print(json.dumps(found), flush=True)
    os._exit(0)  # some of them leave threads behind
