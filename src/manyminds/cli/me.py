"""`manyminds me`: a person's own words, and what they say of them."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.budget.parse import parse_limits
from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.models import model_for
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.values import Limits, Spend
from manyminds.recommend.answering import NOTHING_NEAR, PASSAGES, Answered
from manyminds.recommend.proxy import Proxy, Quote
from manyminds.recommend.words import Added, add_words, forget_words, list_words
from manyminds.runtime.adding import is_address, words_at
from manyminds.runtime.paths import cache_home, person_home
from manyminds.runtime.proxying import asked_words
from manyminds.tools.web.fetch import Fetcher

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]

app = App(name="me", help="Add your own words, and ask what they say of you.")


@app.command
def add(
    source: str, *, name: str | None = None, me: Path | None = None, json_: Json = False
) -> int:
    """Add your own writing: a folder, a file, a feed; nothing of it leaves the machine.

    Args:
        source: A folder, a file, a feed saved as .xml, or the address of a feed or a page, which is
            fetched once. What was added under the same name before is replaced.
        name: What it is called; the name of the file or folder, where nothing is said.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    home = person_home(me)
    if is_address(source):
        added = asyncio.run(_fetched(home, source, name))
    else:
        added = add_words(home, Path(source), name)
    for left in added.left_out[:5]:
        notice(f"left out: {left.path}: {left.why}")
    if json_:
        told = {"outcome": "answered", "cost": None, "name": added.name, "texts": added.texts}
        print(json.dumps({**told, "left_out": [asdict(left) for left in added.left_out]}))
    else:
        print(f"{added.name}: {added.texts} texts, in {home / 'words' / added.name}")
    return ANSWERED


async def _fetched(home: Path, address: str, name: str | None) -> Added:
    fetcher = Fetcher(cache=None, now=lambda: datetime.now(UTC))
    try:
        return await words_at(home, address, name, fetcher)
    finally:
        await fetcher.close()


@app.command(name="list")
def list_(*, me: Path | None = None, json_: Json = False) -> int:
    """List what was added.

    Args:
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    there = list_words(person_home(me))
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "words": there}))
    else:
        for name, texts in there.items():
            print(f"{name}: {texts} texts")
        if not there:
            print("nothing yet; add some: manyminds me add ~/notes")
    return ANSWERED


@app.command
def forget(name: str, *, me: Path | None = None, json_: Json = False) -> int:
    """Delete what was added under a name.

    Args:
        name: As `manyminds me list` shows it.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    home = person_home(me)
    forget_words(home, name)
    Proxy(home, cache_home())  # brings the index to what is left
    print(
        json.dumps({"outcome": "answered", "cost": None, "forgot": name})
        if json_
        else f"forgot {name}"
    )
    return ANSWERED


@app.command
def find(question: str, *, most: int = 5, me: Path | None = None, json_: Json = False) -> int:
    """Find what you wrote that is nearest to a question, by no model: nothing is worded anew.

    To have it answered by a model: `me ask`.

    Args:
        question: What to look for.
        most: How many passages.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    quotes = Proxy(person_home(me), cache_home()).quotes(question, most=most)
    if json_:
        told = {"outcome": "answered" if quotes else "none", "cost": None}
        print(
            json.dumps({**told, "quotes": [asdict(quote) for quote in quotes]}, ensure_ascii=False)
        )
    elif not quotes:
        print("there is nothing in your words; add some: manyminds me add ~/notes")
    else:
        for quote in quotes:
            print(safe(f"{quote.source}:{quote.line}\n  {' '.join(quote.text.split())}\n"))
    return ANSWERED if quotes else NO_ANSWER


@app.command
def ask(
    question: str,
    *,
    model: str | None = None,
    budget: str | None = None,
    me: Path | None = None,
    json_: Json = False,
) -> int:
    """Answer a question about you by your own words, and quote them; or say that they do not.

    A model reads the nearest passages; they go to wherever it is.

    Args:
        question: About you, in the third person: "How does he like to travel?".
        model: Which model; found as for `ask`, where nothing is said.
        budget: Of all its requests, as 20k,5m.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    if not question.strip():
        raise UsageError('ask something: manyminds me ask "How does he like to travel?"')
    passages = Proxy(person_home(me), cache_home()).quotes(question, most=PASSAGES)
    limits = Limits() if budget is None else parse_limits(budget)
    answered, spend = asyncio.run(_asked(question, passages, model, limits))
    quote = answered.quote
    if json_:
        told = {"outcome": "answered" if quote else "none", "cost": {"tokens": spend.tokens}}
        print(json.dumps({
            **told, "answer": answered.text, "why": answered.why or None,
            "passages": {"asked": answered.asked, "same": answered.same},
            "quote": None if quote is None else asdict(quote),
        }, ensure_ascii=False))  # fmt: skip
    elif quote is None:
        hint = "me find QUESTION shows what is nearest" if passages else "me add ~/notes adds some"
        print(safe(f"not in your documents: {answered.why}\nmanyminds {hint}"))
    else:
        words = " ".join(quote.text.split())
        backed = f"{answered.same} of the {answered.asked} nearest passages say so"
        print(safe(f"{answered.text}\n  “{words}”  {quote.source}:{quote.line}\n  {backed}"))
    return ANSWERED if quote else NO_ANSWER


async def _asked(
    question: str, passages: Sequence[Quote], model: str | None, limits: Limits
) -> tuple[Answered, Spend]:
    if not passages:
        return NOTHING_NEAR, Spend()
    return await asked_words(
        question, passages, await model_for(model), cache=cache_home(), limits=limits
    )
