"""Logs that other systems have just written, by their own code: pydantic-ai's spans, inspect_ai's logs."""

import json
from pathlib import Path

import pytest
from inspect_ai import Task, eval_async
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import SolverSpec
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

pytestmark = pytest.mark.anyio
QUESTION = "How many chairs do 6 rows of 7 make?"


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


@pytest.mark.parametrize("form", ["eval", "json"])
async def test_logs_of_inspect(stub: Stub, tmp_path: Path, form: str) -> None:
    stub.behaviours = [say("They make 42.\nAnswer: 42")]
    dataset = [Sample(id=str(rows), input=QUESTION, target="SECRET-LABEL") for rows in range(5)]
    [log] = await eval_async(
        Task(dataset=MemoryDataset(dataset), scorer=includes()), model=f"manyminds/{stub.model}",
        solver=SolverSpec("manyminds/majority"), log_dir=str(tmp_path), log_format=form,
    )  # fmt: skip
    assert log.status == "success", log.error
    traces = read_file(Path(log.location))
    assert [trace.task for trace in traces] == [QUESTION] * 5
    assert [trace.final.answer for trace in traces if trace.final] == ["42"] * 5
    assert all("SECRET" not in repr(trace) for trace in traces)
