"""Models that never come to an end: who always calls, always asks for more parts, always objects.

Whatever is asked of it, such a model says the same kind of thing again. Each strategy has to end by
its own bounds, typed, with a number of requests that does not grow with the model's zeal.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from manyminds.budget.ledger import cost_of
from manyminds.core.events import MemberEnded, MemberStarted, Requested, RunEnded, ToolCalled
from manyminds.core.messages import JsonSchema, JsonValue
from manyminds.core.values import Limits, Task
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.flight import Patience
from manyminds.strategies.registry import strategy_names
from manyminds.testing import act
from manyminds.transcript.store import read_transcript
from tests.chaos.counts import COUNTS
from tests.improviser import improvised
from tests.stub import Body, Stub

pytestmark = pytest.mark.anyio
TASK = Task(prompt="Each of 6 boxes holds 7 pens, some of which are red. How many pens are there?")
NAMES = [name for name in strategy_names() if name != "swarm"]
MOST = 150
"""Requests of any strategy with four members whatever a model says; the most seen is half of it."""
_times = iter(range(10**9))


def _schema(body: Body) -> JsonSchema | None:
    form = (body.get("response_format") or {}).get("json_schema") or {}
    return form.get("schema")


def _more(schema: JsonValue) -> JsonValue:
    """Fill a form with as much as it takes: every list at its longest, every number at its most."""
    assert isinstance(schema, dict)
    if "const" in schema:
        return schema["const"]
    if isinstance(options := schema.get("enum"), list):
        return options[-1]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties")
            names = properties if isinstance(properties, dict) else {}
            return {str(name): _more(one) for name, one in names.items()}
        case "array":
            most = schema.get("maxItems", 40)
            return [_more(schema["items"]) for _ in range(int(str(most)))]
        case "integer" | "number":
            return schema.get("maximum", 100)
        case "boolean":
            return True
        case _:
            return f"What about number {next(_times)}?"


def _offers(schema: JsonSchema | None) -> list[JsonValue]:
    found = None if schema is None else schema.get("anyOf")
    return found if isinstance(found, list) else []


def always_calls(body: Body) -> str:
    """Call a tool, another time with other words, whatever it gave."""
    schema = _schema(body)
    if _offers(schema):
        return act("calculate", expression=f"6*{next(_times)}")
    return improvised(body["seed"], schema)


def always_the_same_call(body: Body) -> str:
    """Call a tool with the very same words."""
    schema = _schema(body)
    return act("calculate", expression="6*7") if _offers(schema) else improvised(body["seed"], schema)  # fmt: skip


def always_wants_more(body: Body) -> str:
    """Fill every list it is asked for, find gaps and object without end, and agree with nobody."""
    schema = _schema(body)
    if schema is None:
        return f"It is not clear.\\n\\\\boxed{{{next(_times)}}}"
    offered = _offers(schema)
    return json.dumps(_more(offered[-1] if offered else schema))


def never_answers(body: Body) -> str:
    """Words without an answer, of any length."""
    return "Let me think about that some more. " * (1 + body["seed"] % 5)


BOMBS: dict[str, Callable[[Body], str]] = {
    "always calls": always_calls, "always the same call": always_the_same_call,
    "always wants more": always_wants_more, "never answers": never_answers,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_model_that_never_ends_is_ended(stub: Stub, own_home: Path, papers: Path, name: str, bomb: str) -> None:  # fmt: skip
    stub.behaviours = [BOMBS[bomb]]
    options = AskOptions(
        models=(stub.model,), strategy=name, members=None if name in ("single", "brief") else 4,
        seed=5, docs=papers, patience=Patience(first_wait_s=0.01), limits=Limits(seconds=60),
    )  # fmt: skip
    asked = await ask(TASK, options, data=own_home, cache=own_home, watch=Watch())
    events = [r.event for r in read_transcript(asked.transcript).events]
    assert isinstance(events[-1], RunEnded)
    assert asked.stopped_by != "seconds"
    assert sum(isinstance(e, Requested) for e in events) <= MOST
    assert sum(isinstance(e, ToolCalled) for e in events) <= MOST
    began = sum(isinstance(e, MemberStarted) for e in events)
    assert began == sum(isinstance(e, MemberEnded) for e in events) <= MOST
    assert asked.answer.outcome in ("answered", "partial", "none")
    assert asked.answer.text is not None or asked.answer.missing
    assert cost_of(read_transcript(asked.transcript).events).spend.tokens > 0
    COUNTS["models that never end, by strategy"] += 1
    COUNTS["of these ended by the strategy's own bounds"] += 1
