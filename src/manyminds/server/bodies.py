"""Bodies of requests: read whole, as JSON, as what they have to be."""

import asyncio
import json
from collections.abc import Callable
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from manyminds.agents.schemas import check_form, check_schema
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.server.refusals import Refused

__all__ = ["Body", "checked_schema", "formed_schema", "read_body"]

B = TypeVar("B", bound=BaseModel)
_LARGE = 1 << 18
"""Bytes that are read beside the loop: it has others to serve meanwhile."""


class Body(BaseModel):
    """A body of our own: fields that nobody knows are mistakes."""

    model_config = ConfigDict(extra="forbid", strict=True)


async def read_body(request: Request, kind: type[B]) -> tuple[B, bytes]:
    """Return what a request holds, and its bytes.

    Raises:
        Refused: If it is not that.
    """
    data = await request.body()
    if len(data) > _LARGE:
        return await asyncio.to_thread(_parsed, data, kind), data
    return _parsed(data, kind), data


def _parsed(data: bytes, kind: type[B]) -> B:
    try:
        found = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}", code="not_json") from None
    try:
        # Of JSON: numbers, lists and texts are what they look like.
        return kind.model_validate_json(json.dumps(found))
    except (ValidationError, RecursionError, ValueError) as error:
        raise _wrong(error) from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _wrong(error: Exception) -> Refused:
    if not isinstance(error, ValidationError):
        return Refused(400, "the body is nested too deeply", code="not_json")
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return Refused(400, f"{place}: {first['msg']}", code="invalid_value", param=place)


def checked_schema(schema: JsonValue, param: str) -> str:
    """Return a JSON Schema that answers are to be held against, as text.

    Raises:
        Refused: If it is none, or cannot be used here.
    """
    return _checked(schema, param, check_schema)


def formed_schema(schema: JsonValue, param: str) -> str:
    """Return a JSON Schema that goes on to a model as it is, as text.

    Raises:
        Refused: If it is none.
    """
    return _checked(schema, param, check_form)


def _checked(schema: JsonValue, param: str, check: Callable[[JsonValue], None]) -> str:
    try:
        check(schema)
    except UsageError as error:
        why = f"{param} is not a JSON Schema to be used here: {error}"
        raise Refused(400, why, code="invalid_schema", param=param) from None
    return json.dumps(schema)
