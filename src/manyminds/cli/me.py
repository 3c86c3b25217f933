"""`manyminds me`: a person's own words, and what they say of them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.recommend.proxy import Proxy
from manyminds.recommend.words import add_words, forget_words, list_words
from manyminds.runtime.paths import cache_home, person_home

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]

app = App(name="me", help="Add your own words, and ask what they say of you.")


@app.command
def add(
    source: Path, *, name: str | None = None, me: Path | None = None, json_: Json = False
) -> int:
    """Add your own writing: a folder, a file, or a feed saved as .xml; nothing leaves the machine.

    Args:
        source: What to add; what was added under the same name before is replaced.
        name: What it is called; the name of the file or folder, where nothing is said.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    home = person_home(me)
    added = add_words(home, source, name)
    for left in added.left_out[:5]:
        notice(f"left out: {left.path}: {left.why}")
    if json_:
        told = {"outcome": "answered", "cost": None, "name": added.name, "texts": added.texts}
        print(json.dumps({**told, "left_out": [asdict(left) for left in added.left_out]}))
    else:
        print(f"{added.name}: {added.texts} texts, in {home / 'words' / added.name}")
    return ANSWERED


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

    To have it answered: manyminds ask "QUESTION" --docs the folder of `me list`, --only-docs.

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
