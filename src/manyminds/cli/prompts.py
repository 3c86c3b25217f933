"""`manyminds prompts`: the words that models are told, and whether they are as released."""

import json
from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.agents.prompts import accept_prompts, prompt_files, prompts_hash, tampered
from manyminds.cli.exits import ANSWERED, NO_ANSWER

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]

app = App(name="prompts", help="List, verify or accept the prompts.")


@app.default
def prompts(*, json_: Json = False) -> int:
    """List every prompt with its version and hash.

    Args:
        json_: Print one JSON object.
    """
    files = prompt_files()
    if json_:
        shown = [asdict(file) for file in files]
        done = {"outcome": "answered", "cost": None, "hash": prompts_hash(), "prompts": shown}
        print(json.dumps(done))
        return ANSWERED
    for file in files:
        version = "new" if file.version is None else f"v{file.version}"
        print(f"{file.name:16} {version:4} {(file.found or 'missing')[:12]}")
    print(f"all of them: {prompts_hash()}")
    return ANSWERED


@app.command
def verify(*, json_: Json = False) -> int:
    """Say whether every prompt is as it was released; exit code 1 if one is not.

    Args:
        json_: Print one JSON object.
    """
    changed = [file.name for file in tampered()]
    if json_:
        outcome = "partial" if changed else "answered"
        print(json.dumps({"outcome": outcome, "cost": None, "changed": changed}))
    else:
        print(f"changed since the release: {', '.join(changed)}" if changed else "all intact")
    return NO_ANSWER if changed else ANSWERED


@app.command
def accept(*, json_: Json = False) -> int:
    """Take the prompts as they stand for a new release: changed ones get the next version.

    Args:
        json_: Print one JSON object.
    """
    changed = [file.name for file in accept_prompts()]
    done = {"outcome": "answered", "cost": None, "accepted": changed}
    print(json.dumps(done) if json_ else f"accepted: {', '.join(changed) or 'nothing was changed'}")
    return ANSWERED
