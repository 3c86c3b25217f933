"""Logs that other systems have just written, by their own code: pydantic-ai's spans, inspect_ai's logs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent
from pydantic_ai.capabilities import Instrumentation
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.instrumented import InstrumentationSettings

from manyminds.diagnosis.readers.read import read_file
from tests.stub import Stub, say

QUESTION = "How many chairs do 6 rows of 7 make?"


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(5))
async def test_spans_of_pydantic_ai(tmp_path: Path, number: int) -> None:
    rows = 6 + number

    def says(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        if any(isinstance(part, ToolReturnPart) for part in messages[-1].parts):
            return ModelResponse(parts=[TextPart(f"They make {rows * 7}.\nAnswer: {rows * 7}")])
        return ModelResponse(parts=[ToolCallPart("multiply", {"a": rows, "b": 7})])

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    watched = Instrumentation(settings=InstrumentationSettings(tracer_provider=provider))
    agent = Agent(FunctionModel(says), name="clerk", capabilities=[watched])

    @agent.tool_plain
    def multiply(a: int, b: int) -> int:
        return a * b

    await agent.run(QUESTION)
    path = tmp_path / "spans.jsonl"
    spans = exporter.get_finished_spans()
    path.write_text("\n".join(json.dumps(json.loads(span.to_json())) for span in spans))
    [trace] = read_file(path)
    assert (trace.source, trace.task) == ("otel", QUESTION)
    assert [(a.kind, a.author) for a in trace.acts if a.kind != "says"] == [("calls", "clerk"), ("returns", "clerk")]  # fmt: skip
    call, gave = (next(trace.of("calls")), next(trace.of("returns")))
    assert (call.tool, json.loads(call.arguments or "")) == ("multiply", {"a": rows, "b": 7})
    assert gave.text == str(rows * 7)
    assert trace.final is not None
    assert trace.final.answer == str(rows * 7)
    assert all(act.at_s is not None and act.at_s >= 0 for act in trace.acts)


INSPECT = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import SolverSpec

question, model, folder, form = sys.argv[1:]
samples = [Sample(id=str(n), input=question, target="SECRET-LABEL") for n in range(5)]
[log] = eval(
    Task(dataset=MemoryDataset(samples), scorer=includes()), model=f"manyminds/{model}",
    solver=SolverSpec("manyminds/majority"), log_dir=folder, log_format=form, display="none",
)
assert log.status == "success", log.error
"""


@pytest.mark.parametrize("form", ["eval", "json"])
def test_logs_of_inspect(stub: Stub, tmp_path: Path, form: str) -> None:
    stub.behaviours = [say("They make 42.\nAnswer: 42")]
    command = [sys.executable, "-c", INSPECT, QUESTION, stub.model, str(tmp_path), form]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2_000:]
    [path] = tmp_path.glob(f"*.{form}")
    traces = read_file(path)
    assert [trace.task for trace in traces] == [QUESTION] * 5
    assert [trace.final.answer for trace in traces if trace.final] == ["42"] * 5
    assert all("SECRET" not in repr(trace) for trace in traces)
