"""JSON Schemas that somebody else wrote: what may be used of one, and whether a value obeys it.

A schema is data, and whoever wrote it may mean harm. Nothing is fetched for it; its patterns run in
an engine whose time grows with the text alone (pydantic's, in Rust); references that would unfold
for ever are cut off.
"""

import json
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, cast

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema
from pydantic_core import ValidationError as NoMatch
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonSchema, JsonValue

__all__ = ["check_form", "check_schema", "violation"]

MOST_CHARACTERS = 100_000
_MOST_PATTERNS, _MOST_OF_PATTERNS = 20, 2_000
_MOST_REFERENCES = 10_000
"""Followed in one look at a value; a schema of honest size follows hundreds."""
_HOLD_VALUES = frozenset(("const", "default", "enum", "examples"))
_UNBOUNDED = frozenset(("patternProperties", "unevaluatedItems", "unevaluatedProperties"))
_NOTHING = cast("Any", Registry)()
"""What references may lead to outside a schema."""
_followed: ContextVar[int] = ContextVar("_followed")


def check_schema(schema: JsonValue) -> None:
    """Refuse a schema that nothing can be held against here, before anything is asked for with it.

    Raises:
        UsageError: If it is no schema of draft 2020-12, refers to what is not in it, or has
            patterns that this engine does not know.
    """
    check_form(schema)
    whole = cast("JsonSchema", schema)
    _usable(whole)
    parts = list(_parts(whole))
    patterns = {pattern for part in parts if isinstance(pattern := part.get("pattern"), str)}
    if len(patterns) > _MOST_PATTERNS or sum(map(len, patterns)) > _MOST_OF_PATTERNS:
        # To compile one holds everything up for as long as that takes.
        why = f"{_MOST_PATTERNS} patterns of {_MOST_OF_PATTERNS:,} characters are the most"
        raise UsageError(f"it has too many patterns, or too long ones: {why}")
    for part in parts:
        _check_part(part, whole)


def check_form(schema: JsonValue) -> None:
    """Refuse what is no schema of draft 2020-12.

    Raises:
        UsageError: If it is none.
    """
    if not isinstance(schema, dict):
        raise UsageError("it must be an object")
    try:
        if len(json.dumps(schema)) > MOST_CHARACTERS:
            raise UsageError(f"it has more than {MOST_CHARACTERS:,} characters")
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise UsageError(error.message[:200]) from None
    except RecursionError:
        raise UsageError("it is nested too deeply") from None
    except (ArithmeticError, TypeError, ValueError) as error:
        raise UsageError(f"it cannot be read: {str(error)[:100]}") from None


def violation(value: JsonValue, schema: JsonSchema) -> str | None:
    """Return where and how a value breaks a schema; `None` where it obeys.

    Raises:
        UsageError: If the schema itself cannot be used.
    """
    token = _followed.set(0)
    try:
        _Guarded(_usable(schema), registry=_NOTHING).validate(value)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.absolute_path)
        return f"{where}: {error.message[:200]}" if where else error.message[:200]
    except Unresolvable as error:
        raise UsageError(f"the schema refers to what is not in it: {error}") from None
    except (ArithmeticError, ValueError):  # NaN, and numbers past all bounds
        return "a number in it cannot be held against the schema"
    except (AttributeError, TypeError, UnknownType) as error:
        why = f"the schema cannot be used: {type(error).__name__}"
        raise UsageError(why) from None
    except RecursionError:
        raise UsageError("the schema, or what is held against it, is nested too deeply") from None
    finally:
        _followed.reset(token)
    return None


def _parts(value: JsonValue) -> Iterator[JsonSchema]:
    """Yield every object in a schema that may be one itself."""
    if isinstance(value, dict):
        yield value
        for key, inner in value.items():
            if key not in _HOLD_VALUES:
                yield from _parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _check_part(part: JsonSchema, whole: JsonSchema) -> None:
    reference, pattern = part.get("$ref"), part.get("pattern")
    if isinstance(pattern, str):
        _matcher(pattern)
    if isinstance(reference, str):
        if not reference.startswith("#"):
            raise UsageError(f"$ref {reference[:100]!r} leads out of it; put the schema in $defs")
        _look_up(reference, whole)


def _look_up(reference: str, whole: JsonSchema) -> None:
    resource: Resource[Any] = DRAFT202012.create_resource(whole)
    base = resource.id() or ""
    resolver = _NOTHING.with_resource(base, resource).resolver(base)
    try:
        found = resolver.lookup(reference).contents
    except (Unresolvable, ValueError):
        raise UsageError(f"$ref {reference[:100]!r} is not in it") from None
    if not isinstance(found, dict | bool):
        raise UsageError(f"$ref {reference[:100]!r} leads to what is no schema")


def _usable(value: JsonValue) -> JsonValue:
    """Return a schema without what would have it read by another draft's rules.

    Raises:
        UsageError: If it has keywords whose patterns and references nothing here can bound.
    """
    if isinstance(value, list):
        return [_usable(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if unknown := _UNBOUNDED & set(value):
        raise UsageError(f"{min(unknown)} is not supported; name the properties")
    kept = {k: v for k, v in value.items() if k != "$schema" or not isinstance(v, str)}
    return {key: _usable(inner) for key, inner in kept.items()}


@lru_cache(64)
def _matcher(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except PatternError as error:
        why = str(error).strip().splitlines()[-1].removeprefix("error: ").strip()
        raise UsageError(f"the pattern {pattern[:80]!r} cannot be used: {why}") from None


def _pattern(_validator: Any, pattern: str, instance: JsonValue, _schema: JsonSchema) -> Any:
    if isinstance(instance, str):
        try:
            _matcher(pattern).validate_python(instance)
        except NoMatch:
            yield ValidationError(f"{instance[:80]!r} does not match {pattern!r}")


def _counted(follow: Any) -> Any:
    """Return what follows a reference, up to a limit."""

    def followed(validator: Any, reference: str, instance: JsonValue, schema: JsonSchema) -> Any:
        _followed.set(_followed.get() + 1)
        if _followed.get() > _MOST_REFERENCES:
            raise UsageError(f"the schema follows more than {_MOST_REFERENCES:,} references")
        yield from follow(validator, reference, instance, schema)

    return followed


_KEYWORDS = cast("dict[str, Any]", Draft202012Validator.VALIDATORS)
_Guarded = cast("Any", validators).extend(
    Draft202012Validator,
    {"pattern": _pattern, **{k: _counted(_KEYWORDS[k]) for k in ("$ref", "$dynamicRef")}},
)
