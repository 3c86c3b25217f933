"""An answer as clients of OpenAI's protocols read it: text, citations, usage, receipt."""

import re
from collections.abc import Sequence

from manyminds.core.events import Replied
from manyminds.core.messages import JsonValue, ToolCall
from manyminds.runtime.ask import Asked
from manyminds.runtime.result import answer_as_json, headline
from manyminds.transcript.store import read_transcript

__all__ = ["annotations", "calls_of", "extension", "said", "until", "usage"]

_ENDS = r"(?![\w/%&=#~+@-]|[.?:!,;][\w/])"
"""What may stand behind an address, so that it is not the beginning of another one."""
_A_TOKEN = 4
"""Characters of a token of plain text, about."""


def said(asked: Asked, *, bare: bool, stops: Sequence[str], longest: int | None) -> tuple[str, str]:
    """Return an answer as it is said, and why it ends there: "stop" or "length".

    Args:
        asked: What came of the question.
        bare: Whether nothing may stand under it, since a program reads it.
        stops: Texts that end it.
        longest: Tokens at most.
    """
    answer = asked.answer
    # What a program reads is the answer or nothing: that it only stands in part is told beside it.
    text = answer.text if bare and answer.text is not None else headline(answer)
    if answer.text is None:
        text = f"{text} {'; '.join(answer.missing)}".strip()
    elif not bare and answer.report is None:
        text += _sources(asked)
    text = until(text, stops)
    if longest is not None and len(text) > longest * _A_TOKEN:
        return text[: longest * _A_TOKEN], "length"
    return text, "stop"


def until(text: str, stops: Sequence[str]) -> str:
    """Return a text up to where the first of some texts begins."""
    for stop in stops:
        text = text.partition(stop)[0]
    return text


def _sources(asked: Asked) -> str:
    """Write the sources of an answer under it, numbered."""
    places = list(dict.fromkeys(c.source for c in asked.answer.citations))
    if not places:
        return ""
    return "\n\nSources:\n" + "\n".join(f"[{n}] {place}" for n, place in enumerate(places, 1))


def calls_of(asked: Asked) -> Sequence[ToolCall]:
    """Return the calls that the author of an answer wants to be made."""
    replies = [r.event for r in read_transcript(asked.transcript).events]
    theirs = [e for e in replies if isinstance(e, Replied) and e.member == asked.answer.author]
    return theirs[-1].calls if theirs else ()


def annotations(asked: Asked, text: str) -> list[JsonValue]:
    """Return the web pages that an answer stands on, at the places where it names them."""
    found: list[JsonValue] = []
    for source in dict.fromkeys(c.source for c in asked.answer.citations):
        place = re.search(re.escape(source) + _ENDS, text)
        if source.startswith(("https://", "http://")) and place is not None:
            cited: JsonValue = {
                "url": source, "title": source, "start_index": place.start(),
                "end_index": place.end(),
            }  # fmt: skip
            found.append({"type": "url_citation", "url_citation": cited})
    return found


def usage(asked: Asked) -> dict[str, JsonValue]:
    """Return what all members together have used."""
    spend = asked.cost.spend
    return {
        "prompt_tokens": spend.tokens_in, "completion_tokens": spend.tokens_out,
        "total_tokens": spend.tokens,
        "prompt_tokens_details": {"cached_tokens": spend.tokens_cached},
        "completion_tokens_details": {"reasoning_tokens": spend.tokens_reasoning},
    }  # fmt: skip


def extension(asked: Asked) -> dict[str, JsonValue]:
    """Return what only this server says: the run, its outcome, its receipt."""
    told = answer_as_json(asked)
    del told["transcript"]
    return told
