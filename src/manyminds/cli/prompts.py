"""`manyminds prompts`: the words that models are told, ours as released and yours made better."""

import asyncio
import difflib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.agents.prompts import accept_prompts, prompt_files, prompts_hash, tampered
from manyminds.budget.parse import parse_limits
from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.models import model_for
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.values import Limits, Spend
from manyminds.evals.improve import Improved, improve, read_examples
from manyminds.evals.questions import Question
from manyminds.runtime.alone import member_alone
from manyminds.runtime.paths import cache_home

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]

app = App(name="prompts", help="List, verify or accept our prompts; make one of yours better.")


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


@app.command(name="improve")
def improve_(
    file: Path,
    *,
    examples: Path,
    rounds: int = 3,
    out: Path | None = None,
    model: str | None = None,
    budget: str | None = None,
    json_: Json = False,
) -> int:
    """Make a prompt of yours better, by what it gets wrong; kept only if it is better elsewhere.

    Half of the examples may be looked at. The others are asked with your prompt and the best new
    one, and decide: what does no better on them is not kept. Your file stays as it is.

    Args:
        file: Your prompt; {{question}} stands where the question belongs, at its end if nowhere.
        examples: JSON lines or CSV with `question` and `answer`, ten at least.
        rounds: New prompts at most.
        out: A new file for a better prompt; NAME.better.md beside yours, if nothing is said.
        model: Which model; found as for `ask`, where nothing is said.
        budget: Of all its requests, as 20k,5m.
        json_: Print one JSON object.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8"
        raise UsageError(f"{file}: {why.lower()}") from error
    if not text.strip():
        raise UsageError(f"{file}: it is empty; write what a model is to do with a question")
    place = out or file.with_name(f"{file.stem}.better.md")
    if place.exists():
        raise UsageError(f"{place} is there already; --out names another file")
    if not place.parent.is_dir():
        raise UsageError(f"{place}: there is no such folder")
    limits = Limits() if budget is None else parse_limits(budget)
    found, spend = asyncio.run(
        _improved(text, read_examples(examples), model, limits, rounds, silent=json_)
    )
    if found.kept:
        place.write_text(found.best.rstrip() + "\n", "utf-8")
    if json_:
        print(json.dumps({
            "outcome": "answered" if found.kept else "none", "cost": {"tokens": spend.tokens},
            "kept": found.kept, "prompt": str(place) if found.kept else None, **_told(found),
        }, ensure_ascii=False))  # fmt: skip
    else:
        print(safe(_as_text(found, text, place)))
    return ANSWERED if found.kept else NO_ANSWER


async def _improved(
    text: str, examples: list[Question], asked: str | None, limits: Limits, rounds: int, *,
    silent: bool,
) -> tuple[Improved, Spend]:  # fmt: skip
    model = await model_for(asked)
    if not silent:
        notice(f"{len(examples)} examples with {model}; half of them are held out")
    async with member_alone(
        model, "prompts improve", name="improve", cache=cache_home(), limits=limits
    ) as (run, member):
        return await improve(text, examples, run, member, rounds=rounds), run.meter.spent


def _told(found: Improved) -> dict[str, object]:
    held = found.held_out
    return {
        "tried": [{"right": one.right, "why": one.why} for one in found.tried],
        "seen": found.seen, "held_out": found.of,
        "before": None if found.right is None else found.right[0],
        "after": None if found.right is None else found.right[1],
        "fixed": None if held is None else held.fixed,
        "broken": None if held is None else held.broken, "p": None if held is None else held.p,
    }  # fmt: skip


def _as_text(found: Improved, text: str, place: Path) -> str:
    rows = [
        f"{'yours' if not number else f'new {number}':6} {one.right} of {found.seen} right"
        + (f"   {one.why}" if one.why else "")
        for number, one in enumerate(found.tried)
    ]
    if found.right is None or found.held_out is None:
        perfect = found.tried[0].right == found.seen
        none = "no new one does better" if len(rows) > 1 else "none came that asks the question"
        why = "yours has nothing wrong to learn from" if perfect else none
        return "\n".join([*rows, "", f"Not kept: {why}."])
    before, after, held = *found.right, found.held_out
    chance = "" if held.p < 0.05 else f"; may be chance, p = {held.p:.2f}: more examples would tell"
    rows += [
        "", f"On {found.of} examples that neither met: {before} right before, {after} after "
        f"({held.fixed} mended, {held.broken} broken{chance}).",
    ]  # fmt: skip
    if not found.kept:
        return "\n".join([*rows, "Not kept: it is no better on them. Your prompt stays as it is."])
    change = difflib.unified_diff(
        text.strip().splitlines(), found.best.splitlines(), "yours", "better", lineterm=""
    )
    return "\n".join([*rows, "", *change, "", f"{place}"])
