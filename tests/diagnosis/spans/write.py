"""Write spans of other systems by their own code: five files of each, read by test_spans.py.

In an environment of its own, since none of this is needed to use or test manyminds:

    python -m venv v
    v/bin/pip install openai-agents langgraph langchain-openai smolagents \
        openinference-instrumentation-openai-agents openinference-instrumentation-langchain \
        openinference-instrumentation-smolagents opentelemetry-instrumentation-openai-agents \
        opentelemetry-instrumentation-langchain opentelemetry-exporter-otlp-proto-common
    v/bin/python tests/diagnosis/spans/write.py

The model is a server on loopback: it calls the tool once, then answers what the tool said.
"""

import http.server
import json
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

HERE = Path(__file__).parent
QUESTION = "How many chairs do {rows} rows of 7 make?"


class Model(http.server.BaseHTTPRequestHandler):
    """A model that multiplies with the tool and says what came back."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        made = respond if self.path.endswith("/responses") else answer
        sent = json.dumps(made(asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: Any) -> None: ...


def chosen(names: list[str], messages: list[Any]) -> tuple[str, dict[str, Any]] | str:
    """Return the call that fits what was done already, or, where none is left, the answer."""
    whole = json.dumps(messages)
    rows = int(re.findall(r"do (\d+) rows", whole)[0])
    made = str(rows * 7)
    if "transfer_to_clerk" in names:
        return "transfer_to_clerk", {}
    if "multiply" in names and not re.search(rf"(?<!\d){made}(?!\d)", whole):
        return "multiply", {"a": rows, "b": 7}
    if "final_answer" in names:
        return "final_answer", {"answer": made}
    return f"They make {made}.\nAnswer: {made}"


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Reply to a request for a chat completion."""
    messages = asked["messages"]
    does = chosen([tool["function"]["name"] for tool in asked.get("tools") or []], messages)
    message: dict[str, Any] = {"role": "assistant", "content": does}
    if isinstance(does, tuple):
        function = {"name": does[0], "arguments": json.dumps(does[1])}
        call = {"id": f"call_{len(messages)}", "type": "function", "function": function}
        message |= {"content": "I use a tool.", "tool_calls": [call]}
    size, why = 20 * len(messages), "stop" if isinstance(does, str) else "tool_calls"
    return {
        "id": "c", "object": "chat.completion", "created": 1, "model": "stub",
        "choices": [{"index": 0, "message": message, "finish_reason": why}],
        "usage": {"prompt_tokens": size, "completion_tokens": 10, "total_tokens": size + 10},
    }  # fmt: skip


def respond(asked: dict[str, Any]) -> dict[str, Any]:
    """Reply to a request for a response."""
    given = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    does = chosen([tool["name"] for tool in asked.get("tools") or []], given)
    said = does if isinstance(does, str) else "I use a tool."
    output: list[dict[str, Any]] = [
        {"id": "m", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": said, "annotations": []}]},
    ]  # fmt: skip
    if isinstance(does, tuple):
        output.append({
            "id": "f", "type": "function_call", "call_id": f"call_{len(given)}", "name": does[0],
            "arguments": json.dumps(does[1]), "status": "completed",
        })  # fmt: skip
    size = 20 * len(given)
    return {
        "id": "r", "object": "response", "created_at": 1, "model": "stub", "status": "completed",
        "output": output, "parallel_tool_calls": False, "tool_choice": "auto", "tools": [],
        "usage": {"input_tokens": size, "output_tokens": 10, "total_tokens": size + 10,
                  "input_tokens_details": {"cached_tokens": 0},
                  "output_tokens_details": {"reasoning_tokens": 0}},
    }  # fmt: skip


def openai_agents(address: str, question: str) -> None:
    """An agent that hands over to another, which uses the tool."""
    from agents import Agent, OpenAIResponsesModel, Runner, function_tool
    from openai import AsyncOpenAI

    model = OpenAIResponsesModel("stub", AsyncOpenAI(base_url=address, api_key="none"))

    @function_tool
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    clerk = Agent(name="clerk", instructions="Compute.", model=model, tools=[multiply])
    desk = Agent(name="desk", instructions="Hand over.", model=model, handoffs=[clerk])
    Runner.run_sync(desk, question)


def langgraph(address: str, question: str) -> None:
    """A graph of a model and its tools."""
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from langgraph.graph import END, START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode, tools_condition

    @tool
    def multiply(a: int, b: int) -> int:
        """Multiply."""
        return a * b

    model = ChatOpenAI(model="stub", base_url=address, api_key="none").bind_tools([multiply])
    graph = StateGraph(MessagesState)
    graph.add_node("clerk", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([multiply]))
    graph.add_edge(START, "clerk")
    graph.add_conditional_edges("clerk", tools_condition, {"tools": "tools", END: END})
    graph.add_edge("tools", "clerk")
    graph.compile().invoke({"messages": [("user", question)]})


def smolagents(address: str, question: str) -> None:
    """An agent that calls tools until it gives its final answer."""
    from smolagents import OpenAIServerModel, ToolCallingAgent, tool

    @tool
    def multiply(a: int, b: int) -> int:
        """Multiply.

        Args:
            a: One.
            b: The other.
        """
        return a * b

    model = OpenAIServerModel("stub", api_base=address, api_key="none")
    ToolCallingAgent(tools=[multiply], model=model, name="clerk", verbosity_level=0).run(question)


def watched(name: str) -> list[tuple[Callable[[str, str], None], Any]]:
    """Return a system with each of its instrumentations."""
    if name == "openai_agents":
        from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor as One
        from opentelemetry.instrumentation.openai_agents import OpenAIAgentsInstrumentor as Other

        return [(openai_agents, One()), (openai_agents, Other())]
    if name == "langgraph":
        from openinference.instrumentation.langchain import LangChainInstrumentor as One
        from opentelemetry.instrumentation.langchain import LangchainInstrumentor as Other

        return [(langgraph, One()), (langgraph, Other())]
    from openinference.instrumentation.smolagents import SmolagentsInstrumentor

    return [(smolagents, SmolagentsInstrumentor())]


def file_of(spans: tuple[ReadableSpan, ...], path: Path) -> None:
    """Write OTLP in JSON, with ids as hexadecimal as the protocol has them, or spans line by line."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(json.loads(span.to_json())) + "\n" for span in spans))
        return
    otlp = MessageToDict(encode_spans(spans))
    for written, span in zip(
        (s for r in otlp["resourceSpans"] for sc in r["scopeSpans"] for s in sc["spans"]),
        spans, strict=True,
    ):  # fmt: skip
        written["traceId"] = format(span.get_span_context().trace_id, "032x")
        written["spanId"] = format(span.get_span_context().span_id, "016x")
        if span.parent is not None:
            written["parentSpanId"] = format(span.parent.span_id, "016x")
    path.write_text(json.dumps(otlp))


def main() -> None:
    """Write what one system does, in a process of its own: instrumentations are global."""
    if len(sys.argv) == 1:
        import subprocess

        for name in ("openai_agents", "langgraph", "smolagents"):
            for which in range(2 if name != "smolagents" else 1):
                subprocess.run([sys.executable, __file__, name, str(which)], check=True)
        return
    name, which = sys.argv[1], int(sys.argv[2])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run, instrumentor = watched(name)[which]
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor.instrument(tracer_provider=provider)
    for rows in range(6, 11):
        run(f"http://127.0.0.1:{server.server_port}/v1", QUESTION.format(rows=rows))
        form = "json" if rows % 2 else "jsonl"
        file_of(exporter.get_finished_spans(), HERE / f"{name}-{'ab'[which]}-{rows}.{form}")
        exporter.clear()


if __name__ == "__main__":
    main()
