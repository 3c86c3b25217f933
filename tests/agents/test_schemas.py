"""Schemas that mean harm: nothing is fetched for one, and none takes longer than it is long."""

import json
import socket
from typing import Any

import pytest

from manyminds.agents.schemas import check_schema, violation
from manyminds.core.errors import UsageError
from manyminds.core.values import Answer, Task
from manyminds.runtime.schemas import obeying

PERSON: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]\\w+$"}, "boss": {"$ref": "#"}},
    "required": ["name"],
    "additionalProperties": False,
}


def unfolding(levels: int) -> dict[str, Any]:
    """Return a schema of a few lines that looks at its value 2 to the `levels` times."""
    names = [f"d{n}" for n in range(levels)]
    parts: dict[str, Any] = {
        a: {"allOf": [{"$ref": f"#/$defs/{b}"}] * 2} for a, b in zip(names, names[1:], strict=False)
    }
    return {"$defs": {**parts, names[-1]: {"type": "string"}}, "$ref": "#/$defs/d0"}


def test_an_honest_schema_says_what_is_wrong() -> None:
    check_schema(PERSON)
    assert violation({"name": "Ann", "boss": {"name": "Bob"}}, PERSON) is None
    assert violation({"name": "Ann", "boss": {"name": "bob"}}, PERSON) == "boss/name: 'bob' does not match '^[A-Z]\\\\w+$'"  # fmt: skip
    assert violation({}, PERSON) == "'name' is a required property"
    assert "Additional properties" in str(violation({"name": "Ann", "age": 3}, PERSON))


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ([], "must be an object"),
        ({"type": 3}, "not valid under any"),
        ({"$ref": "http://127.0.0.1:9/s"}, "leads out of it"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "leads out of it"),
        ({"$ref": "#/$defs/nobody"}, "is not in it"),
        ({"$ref": "#nowhere"}, "is not in it"),
        ({"pattern": "("}, "is not a 'regex'"),
        ({"pattern": "(?=a)b"}, "look-around"),
        ({"pattern": "(a)\\1"}, "backreferences"),
        ({"pattern": "(a{1000}){1000}"}, "size limit"),
        ({"patternProperties": {"^(a+)+$": {}}}, "patternProperties is not supported"),
        ({"unevaluatedProperties": False}, "unevaluatedProperties is not supported"),
        ({"enum": ["x" * 100_000]}, "more than 100,000"),
        ({"pattern": "a{99999999999999999999}"}, "cannot be|is not"),
        ({"$ref": "#/allOf/x", "allOf": [{}]}, "is not in it"),
        ({"$ref": "#/required", "required": ["x"]}, "leads to what is no schema"),
        (
            {"properties": {f"p{n}": {"pattern": f"^\\w{{200}}{n}"} for n in range(30)}},
            "too many patterns",
        ),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_asked(schema: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        check_schema(schema)


@pytest.mark.parametrize("hide", [
    lambda s: s, lambda s: {"$schema": "http://json-schema.org/draft-04/schema#", **s},
    lambda s: {"default": s, "$ref": "#/default"}, lambda s: {"anyOf": [s]},
])  # fmt: skip
def test_nothing_is_fetched_whatever_a_schema_refers_to(hide: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        schema = hide({"$ref": f"http://127.0.0.1:{canary.getsockname()[1]}/s"})
        with pytest.raises(UsageError):
            violation("x", schema)
        with pytest.raises(TimeoutError):
            canary.accept()


@pytest.mark.parametrize("hide", [
    lambda s: s, lambda s: {"$schema": "http://json-schema.org/draft-04/schema#", **s},
    lambda s: {"default": s, "$ref": "#/default"}, lambda s: {"not": {"not": s}},
])  # fmt: skip
def test_a_pattern_takes_no_longer_than_its_text(hide: Any) -> None:
    # A backtracking engine would be at it for longer than there are stars.
    assert violation("a" * 5_000 + "b", hide({"pattern": "^(a+)+$"})) is not None


def test_patterns_of_names_are_refused_wherever_they_hide() -> None:
    inner = {"additionalProperties": False, "patternProperties": {"^(a+)+$": {}}}
    with pytest.raises(UsageError):
        violation({"a" * 50 + "b": 1}, {"default": inner, "$ref": "#/default"})


def test_references_that_unfold_for_ever_are_cut_off() -> None:
    check_schema(unfolding(60))
    with pytest.raises(UsageError, match="follows more than"):
        violation("x", unfolding(60))
    assert violation("x", unfolding(8)) is None
    with pytest.raises(UsageError, match=r"nested too deeply|follows more than"):
        violation("x", {"$ref": "#"})


@pytest.mark.parametrize("schema", [{"$ref": "#/nope"}, unfolding(60), {"$ref": "http://127.0.0.1:9/s"}])  # fmt: skip
def test_an_answer_that_cannot_be_held_against_its_schema_is_none_and_says_why(schema: Any) -> None:
    task = Task(prompt="?", schema_json=json.dumps(schema))
    whole = Answer(outcome="answered", text='"x"', canonical="x", confidence=None)
    found = obeying(task, whole)
    assert (found.outcome, found.text) == ("none", None)
    assert "does not obey the schema" in found.missing[-1]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_past_all_bounds_break_a_schema_and_nothing_else(value: float) -> None:
    assert "cannot be held" in str(violation(value, {"type": "number", "multipleOf": 0.01}))


@pytest.mark.parametrize("schema", [{"$ref": "#/enum/0", "enum": [{"type": "nonsense"}]}, {"$ref": "#/minLength", "minLength": 3}])  # fmt: skip
def test_what_only_looks_like_a_schema_is_told(schema: Any) -> None:
    with pytest.raises(UsageError):
        violation("x", schema)
