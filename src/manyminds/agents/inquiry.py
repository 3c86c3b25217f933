"""One question to one model whose reply is one JSON object: what leads, judges and planners need.

A model that does not obey schemas is asked in words alone, and the object is looked for in what it
says.
"""

import json

from manyminds.core.messages import JsonSchema, JsonValue, ModelCall, Purpose, Said
from manyminds.core.protocols import Run
from manyminds.core.values import Member

__all__ = ["inquire"]


async def inquire(
    run: Run,
    member: Member,
    text: str,
    fields: dict[str, JsonValue],
    *,
    max_tokens: int,
    purpose: Purpose,
    temperature: float = 0.0,
) -> dict[str, JsonValue]:
    """Ask for an object with these fields; empty where the reply holds none.

    Args:
        run: Whose budget pays.
        member: Who is asked.
        text: The question; it says what the fields mean.
        fields: The JSON Schema of each field; all are required.
        max_tokens: Cap on the reply.
        purpose: What the request is for.
        temperature: Of the request.

    Raises:
        BudgetExceeded: If it cannot be paid.
        ProviderError: If the model failed.
    """
    required: list[JsonValue] = list(fields)
    schema: JsonSchema = {
        "type": "object",
        "properties": fields,
        "required": required,
        "additionalProperties": False,
    }
    obeys = run.abilities(member).json_schema is not False
    call = ModelCall(
        messages=(Said(role="user", text=text),),
        schema=schema if obeys else None,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=run.seed(member),
        purpose=purpose,
    )
    return _object_in((await run.request(member, call)).text)


def _object_in(text: str) -> dict[str, JsonValue]:
    start, end = text.find("{"), text.rfind("}")
    try:
        found: JsonValue = json.loads(text[start : end + 1])
        # A half surrogate pair may hide behind an escape; it cannot be written down.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
