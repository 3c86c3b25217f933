"""A provider that answers anything that is asked in the right form: what strategies are tried on.

Its words depend on the seed of the request alone, so a run can be played again to the letter.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from manyminds.agents.models import Progress
from manyminds.budget.prices import Price, price_of
from manyminds.core.errors import ProviderError
from manyminds.core.messages import JsonSchema, JsonValue, ModelCall, Reply
from manyminds.core.protocols import Abilities
from manyminds.core.values import Spend
from manyminds.testing import act, final


@dataclass(kw_only=True)
class Improviser:
    """An endpoint that is a value."""

    answers: tuple[str, ...] = ("42", "42", "42", "41")
    alive: int | None = None
    """Requests that are answered before the provider dies; `None`: all."""
    hold_from: int | None = None
    """The request, counted from 0, from which on nothing comes back."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    price: Price = field(default_factory=lambda: price_of("openai", "gpt-5-mini"))
    abilities: Abilities = field(
        default_factory=lambda: Abilities(json_schema=True, tools=False, output_tokens=300)
    )
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    under_way: int = 0
    billed: Spend = field(default_factory=lambda: Spend(usd=Decimal(0)))

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        self.calls.append(call)
        if self.alive is not None and len(self.calls) > self.alive:
            raise ProviderError("gone", status=401, retryable=False)
        self.under_way += 1
        try:
            if self.hold_from is not None and len(self.calls) > self.hold_from:
                self.held.set()
                await asyncio.Event().wait()
        finally:
            self.under_way -= 1
        text = improvised(call.seed, call.schema, self.answers)
        spend = Spend(tokens_in=call.size // 4, tokens_out=len(text) // 4)
        self.billed = self.billed + self.price.of(spend, seconds=0)
        return Reply(text=text, finish="stop", spend=spend)


def improvised(
    seed: int, schema: JsonSchema | None, answers: Sequence[str] = ("42", "42", "42", "41")
) -> str:
    """Return words in the form that is asked for; they depend on the seed alone."""
    chance = int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:4])
    answer = answers[chance % len(answers)]
    return f"6 * 7 = 42\nAnswer: {answer}" if schema is None else _obey(schema, answer, chance)


def _obey(schema: JsonSchema, answer: str, chance: int) -> str:
    offered = schema.get("anyOf")
    if isinstance(offered, list) and chance % 3 == 0:
        return act("calculate", expression="6*7")
    if isinstance(offered, list):
        [schema] = [o for o in offered if isinstance(o, dict) and _const(o) == "answer"]
    if _const(schema) == "answer":
        wanted = _properties(schema).get("answer")
        if isinstance(wanted, dict) and wanted.get("type") == "object":
            return json.dumps({"action": "answer", "reason": "r", "answer": _fill(wanted, answer, chance), "confidence": 80})  # fmt: skip
        return final(answer)
    return json.dumps(_fill(schema, answer, chance))


def _properties(schema: JsonSchema) -> dict[str, JsonValue]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _const(schema: JsonSchema) -> JsonValue:
    action = _properties(schema).get("action")
    return action.get("const") if isinstance(action, dict) else None


def _fill(schema: JsonValue, answer: str, chance: int) -> JsonValue:
    """Return something that obeys a schema."""
    assert isinstance(schema, dict)
    if "const" in schema:
        return schema["const"]
    if isinstance(options := schema.get("enum"), list):
        return options[chance % len(options)]
    match schema.get("type"):
        case "object":
            required = schema.get("required")
            names = required if isinstance(required, list) else []
            return {str(n): _fill(_properties(schema)[str(n)], answer, chance) for n in names}
        case "array":
            least = schema.get("minItems", 1)
            return [_fill(schema["items"], answer, chance)] * (least if isinstance(least, int) else 1)  # fmt: skip
        case "integer":
            return 7
        case "boolean":
            return chance % 2 == 0
        case _:
            return f"6 * 7 = 42\nAnswer: {answer}"
