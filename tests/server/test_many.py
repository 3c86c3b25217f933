"""Many schemas, and models that change in the middle of a conversation."""

import json
import random

import jsonschema
import pytest

from manyminds.testing import final
from tests.chaos.counts import COUNTS, FULL
from tests.improviser import improvised
from tests.server.conftest import Served
from tests.stub import Behaviour, Body, Stub

SCHEMAS = 1_000 if FULL else 60


def schema(chance: random.Random, depth: int = 0) -> dict:
    """Make a schema up; some ask for what the next one forbids."""
    kinds = ["string", "integer", "boolean", "enum", "array", "object", "anyOf"]
    match chance.choice(kinds[:4] if depth > 2 else kinds):
        case "string":
            return chance.choice([{"type": "string"}, {"type": "string", "minLength": 3}, {"type": "string", "pattern": "^[a-c]+$"}])  # fmt: skip
        case "integer":
            return chance.choice([{"type": "integer"}, {"type": "integer", "minimum": 5, "maximum": 9}, {"type": "integer", "minimum": 100}])  # fmt: skip
        case "boolean":
            return {"type": "boolean"}
        case "enum":
            return {"enum": chance.sample(["red", "blue", 3, None, True], chance.randint(1, 4))}
        case "array":
            least = chance.randint(0, 3)
            return {"type": "array", "items": schema(chance, depth + 1), "minItems": least}
        case "anyOf":
            return {"anyOf": [schema(chance, depth + 1) for _ in range(2)]}
        case _:
            names = chance.sample("abcdef", chance.randint(1, 4))
            return {
                "type": "object", "properties": {n: schema(chance, depth + 1) for n in names},
                "required": names[: chance.randint(0, len(names))],
            }  # fmt: skip


def test_whatever_form_is_asked_for_is_kept_or_the_answer_says_why(served: Served, stub: Stub) -> None:  # fmt: skip
    """A model that obeys the easy ones, and says something else to the rest."""
    chance = random.Random(5)

    def obeys_some(body: Body) -> str:
        form = (body.get("response_format") or {}).get("json_schema") or {}
        try:
            return improvised(body["seed"], form.get("schema"), ("42",))
        except (AssertionError, ValueError, KeyError, TypeError):
            return "I would rather say it in words."

    stub.behaviours = [obeys_some]
    client, kept, refused = served.http(), 0, 0
    for _ in range(SCHEMAS):
        wanted = {"type": "object", "properties": {"x": schema(chance)}, "required": ["x"]}
        body = {
            "model": "brief", "messages": [{"role": "user", "content": "Fill it in."}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": wanted}},
        }  # fmt: skip
        reply = client.post("/v1/chat/completions", json=body)
        assert reply.status_code in (200, 400, 502), reply.text
        if reply.status_code != 200:
            assert reply.json()["error"]["message"]
            refused += 1
            continue
        message, told = reply.json()["choices"][0]["message"], reply.json()["manyminds"]
        if told["outcome"] == "answered":
            jsonschema.validate(json.loads(message["content"]), wanted)
            kept += 1
        else:
            assert told["missing"]
            refused += 1
    assert kept + refused == SCHEMAS
    assert kept > SCHEMAS / 10
    assert refused > 0
    COUNTS["schemas made up"] += SCHEMAS
    COUNTS["of these kept, or said not to be"] += kept + refused


def says(answer: str) -> Behaviour:
    """Say it in the form that is asked for: members with tools want JSON, samples a box."""
    return lambda body: final(answer) if "response_format" in body else f"\\boxed{{{answer}}}"


@pytest.mark.parametrize("mode", ["single", "heavy"])
def test_the_model_may_change_at_every_turn_and_the_history_stays(served: Served, stub: Stub, mode: str) -> None:  # fmt: skip
    """Two conversations side by side: what one of them is asked with says nothing of the other."""
    with Stub() as other:
        stub.behaviours, other.behaviours = [says("here")], [says("there")]
        served.house.modes.__dict__["models"] = (stub.model, other.model)
        client = served.http()
        talks: dict[str, list[dict]] = {"a": [], "b": []}
        for turn in range(6):
            for place, (name, said) in enumerate(talks.items()):
                asked = (stub, other)[(turn + place) % 2]
                seen = len(asked.requests)
                said.append({"role": "user", "content": f"word-{name}-{turn}?"})
                body = {"model": f"{mode}/{asked.model}", "messages": said}
                reply = client.post("/v1/chat/completions", json=body).json()
                answer = reply["choices"][0]["message"]["content"]
                assert answer == ("here" if asked is stub else "there")
                assert {m["model"] for m in reply["manyminds"]["members"]} == {asked.model}
                sent = str(asked.requests[seen]["messages"])
                assert all(f"word-{name}-{n}?" in sent for n in range(turn + 1))
                assert not any(f"word-{n}-" in sent for n in talks if n != name)
                said.append({"role": "assistant", "content": answer})
