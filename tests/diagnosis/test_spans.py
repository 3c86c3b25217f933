"""Spans that other systems wrote by their own code (spans/write.py): five files of each kind."""

import json
from pathlib import Path

import pytest

from manyminds.diagnosis.diagnose import by_rules
from manyminds.diagnosis.readers.read import read_file

FILES = sorted((Path(__file__).parent / "spans").glob("*.json*"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_who_did_what_comes_through(path: Path) -> None:
    system, _, rows = path.stem.split("-")
    made = str(int(rows) * 7)
    [trace] = read_file(path)
    assert (trace.source, trace.task) == ("otel", f"How many chairs do {rows} rows of 7 make?")
    [call], [gave] = list(trace.of("calls")), list(trace.of("returns"))
    assert (call.author, call.tool) == ("clerk", "multiply")
    assert json.loads(call.arguments or "") == {"a": int(rows), "b": 7}
    assert (gave.author, gave.text, gave.error) == ("clerk", made, False)
    assert trace.final is not None
    assert (trace.final.author, trace.final.answer) == ("clerk", made)
    assert trace.authors == (("desk", "clerk") if system == "openai_agents" else ("clerk",))
    spoken = [act for act in trace.of("says") if act is not trace.final or system != "smolagents"]
    assert [act.text for act in spoken][:1] == ["I use a tool."]
    assert all(act.tokens is not None and act.tokens > 10 for act in spoken)
    assert all(act.at_s is not None and act.at_s >= 0 for act in trace.acts)
    assert by_rules(trace) == []


def test_there_are_five_of_each() -> None:
    kinds = [path.stem.rsplit("-", 1)[0] for path in FILES]
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(
        ("langgraph-a", "langgraph-b", "openai_agents-a", "openai_agents-b", "smolagents-a"), 5
    )
