"""Typed messages between members: read strictly, with their provenance checked.

A member says what kind of thing it says. Whoever claims evidence must name evidence that its own
tools returned in this run; whoever speaks in another's name, or in no known kind, is not heard.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import cast, get_args

from manyminds.core.messages import JsonSchema, JsonValue
from manyminds.core.values import Evidence, Remark, RemarkKind

__all__ = [
    "KINDS",
    "MAX_CHARACTERS",
    "RemarkRefused",
    "asides_in",
    "read_remark",
    "remark_schema",
]

KINDS: tuple[RemarkKind, ...] = get_args(RemarkKind)
MAX_CHARACTERS = 2_000
_ASIDES: Mapping[str, RemarkKind] = {"question": "question", "clarify": "clarify"}
_ASIDE = re.compile(
    r"^[^\w\n]{0,8}(question|clarify)[^\w\n]{0,4}:[ \t]*(\S.*)$", re.IGNORECASE | re.MULTILINE
)
_MOST_ASIDES = 3
_FIELDS = {"kind", "text", "evidence", "author"}


class RemarkRefused(ValueError):
    """A message that is malformed or forged; says why."""


def remark_schema(kinds: Sequence[RemarkKind] = KINDS) -> JsonSchema:
    """Return the JSON Schema of one remark."""
    allowed: list[JsonValue] = list(kinds)
    return {
        "type": "object",
        "properties": {
            "kind": {"enum": allowed},
            "text": {"type": "string", "maxLength": MAX_CHARACTERS},
            "evidence": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["kind", "text"],
        "additionalProperties": False,
    }


def asides_in(text: str, kinds: Sequence[RemarkKind]) -> list[tuple[RemarkKind, str]]:
    """Return what a member asks beside what it answers: of the others, or of the person.

    Args:
        text: What it said, in words.
        kinds: What it may say; the rest is passed over.
    """
    heard: list[tuple[RemarkKind, str]] = []
    for match in _ASIDE.finditer(text):
        kind, said = _ASIDES[match[1].lower()], match[2].strip(" *_")[:MAX_CHARACTERS]
        if said and kind in kinds and (kind, said) not in heard:
            heard.append((kind, said))
    return heard[:_MOST_ASIDES]


def read_remark(
    raw: str, *, author: str, id_: str, evidence: Collection[Evidence],
    kinds: Sequence[RemarkKind] = KINDS,
) -> Remark:  # fmt: skip
    """Read one remark.

    Args:
        raw: JSON, as the member wrote it.
        author: Who really spoke; the run knows.
        id_: Its name in the run.
        evidence: What the author's own tools returned.
        kinds: What the author may say.

    Raises:
        RemarkRefused: If it is malformed, forged, or rests on evidence that is not there.
    """
    said = _fields(raw)
    kind, text, named = said.get("kind"), said.get("text"), said.get("author", author)
    known: RemarkKind | None = next((k for k in kinds if k == kind), None)
    if known is None:
        raise RemarkRefused(f"{kind!r} is not one of {', '.join(kinds)}")
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_CHARACTERS:
        raise RemarkRefused(f"its text must be 1 to {MAX_CHARACTERS} characters")
    if named != author:
        raise RemarkRefused(f"it speaks in the name of {named!r}, and {author} wrote it")
    cited = _cited(said.get("evidence", []))
    foreign = [one for one in cited if one not in {e.id for e in evidence}]
    if foreign:
        raise RemarkRefused(f"{foreign[0]!r} is no evidence of {author}'s own")
    if known == "evidence" and not cited:
        raise RemarkRefused("evidence must name what a tool returned")
    return Remark(id=id_, author=author, kind=known, text=text.strip(), evidence=tuple(cited))


def _fields(raw: str) -> dict[str, JsonValue]:
    try:
        said: JsonValue = json.loads(raw)
        json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise RemarkRefused("it is not JSON") from error
    if not isinstance(said, dict):
        raise RemarkRefused("it is not one JSON object")
    unknown = set(said) - _FIELDS
    if unknown:
        raise RemarkRefused(f"it has unknown fields: {', '.join(sorted(unknown))}")
    return said


def _cited(found: JsonValue) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise RemarkRefused("its evidence must be a list of ids")
    return cast("list[str]", found)
