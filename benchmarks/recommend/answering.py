"""A person's words asked by a model: what is answered, by which words, and what it keeps silent on.

    python benchmarks/recommend/answering.py --data ../shared/data [--model embedded:qwen2.5-coder-1.5b]

The ninety questions of proxy.toml, as `manyminds me ask` answers them: sixty that a passage of ten posts
answers, thirty that none does (fifteen about things the posts never touch, fifteen about what they talk
about without saying it). An answer counts as *quoted right* if its quote shares half of its words, or of
the passage's, with the passage that answers the question. Every other question (the odd ones) was looked
at while the prompts were written; the even ones were not, and are told apart. Rows are kept in
answering.jsonl, so that a run that was ended goes on. Writes ANSWERING.md.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
import tomllib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from manyminds.core.values import Limits
from manyminds.judging.interval import share_interval
from manyminds.recommend.answering import PASSAGES
from manyminds.recommend.proxy import Proxy
from manyminds.recommend.words import add_words
from manyminds.runtime.paths import cache_home
from manyminds.runtime.proxying import asked_words

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine

HERE = Path(__file__).parent
Row = dict[str, Any]


def shares_half(quote: str, gold: str) -> bool:
    """Say whether a quote and a passage share half of the shorter one's words in a row, four at least."""
    said, wanted = (re.findall(r"\w+", text.casefold()) for text in (quote, gold))
    short, long = sorted((said, wanted), key=len)
    count = max(4, (len(short) + 1) // 2)
    there = " " + " ".join(long) + " "
    return any(
        f" {' '.join(short[at : at + count])} " in there for at in range(len(short) - count + 1)
    )


def parts(row: Row) -> bool | None:
    """Say whether an answer says yes where the right one says no, or the reverse; `None` if neither does."""
    said, right = (
        re.match(r"\W*(yes|no)\b", str(row[key]), re.IGNORECASE) for key in ("answered", "answer")
    )
    return None if said is None or right is None else said[1].casefold() != right[1].casefold()


def questions() -> list[Row]:
    """Return all, those first that were not looked at."""
    asked = tomllib.loads((HERE / "proxy.toml").read_text("utf-8"))
    found = [
        {**one, "set": kind, "seen": place % 2 == 0}
        for kind in ("absent", "present")
        for place, one in enumerate(asked[kind])
    ]
    return sorted(found, key=lambda one: one["seen"])


def kept_in(rows: Path, model: str) -> list[Row]:
    """Return what the model was asked before."""
    lines = rows.read_text("utf-8").splitlines() if rows.exists() else []
    return [row for row in map(json.loads, lines) if row["model"] == model]


async def ask_all(data: Path, model: str, rows: Path, kept: list[Row], *, seen_only: bool) -> None:
    """Ask what was not asked yet."""
    there = {row["question"] for row in kept}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "me"
        add_words(home, data / "blog" / "feed.xml", "blog")
        proxy = Proxy(home, Path(folder) / "cache")
        for one in questions():
            if one["question"] in there or (seen_only and not one["seen"]):
                continue
            began = time.perf_counter()
            passages = proxy.quotes(one["question"], most=PASSAGES)
            answered, spend = await asked_words(
                one["question"], passages, model, cache=cache_home(), limits=Limits()
            )
            quote = answered.quote
            exact = quote is not None and (
                (proxy.text_of(quote.source) or "")[quote.start : quote.end] == quote.text
            )
            row = {
                **one, "model": model, "code": code(), "answered": answered.text, "why": answered.why, "exact": exact,
                "quote": None if quote is None else asdict(quote), "tokens": spend.tokens,
                "seconds": round(time.perf_counter() - began, 1),
            }  # fmt: skip
            kept.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
            with rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def share(n: int, of: int) -> str:
    """Write a share with its interval."""
    if not of:
        return "–"
    low, high = share_interval(n, of)
    return f"{n} of {of}, {n / of:.0%} ({low:.0%} to {high:.0%})"


def page(rows: list[Row], model: str) -> str:
    """Write the figures for people."""
    lines = [
        "# A person's words, asked by a model", "",
        f"`python benchmarks/recommend/answering.py --model {model}`, {datetime.now(UTC).date()}, {machine()}, "
        f"code at {', '.join(sorted({r['code'] for r in rows}))}. n = {len(rows)} questions.", "",
        "| questions | asked | kept silent | quoted right, of those answered | yes for no |", "|---|---|---|---|---|",
    ]  # fmt: skip
    sets = (
        ("that a passage answers", "present"),
        ("that none answers, of the posts' topics", "near"),
        ("that none answers, of other topics", "far"),
    )
    for told, kind in sets:
        for name, seen in (
            ("prompts were fitted on some of them", True),
            ("not looked at before", False),
        ):
            mine = [r for r in rows if r["seen"] == seen and kind in (r["set"], r.get("kind"))]
            said = [r for r in mine if r["answered"]]
            right = sum(
                kind == "present" and shares_half(r["quote"]["text"], r["gold"]) for r in said
            )
            wrong = sum(kind == "present" and parts(r) is True for r in said)
            lines.append(
                f"| {told}; {name} | {len(mine)} | {share(len(mine) - len(said), len(mine))} | "
                + (f"{share(right, len(said))} | {wrong} |" if kind == "present" else " | |")
            )
    absent = [r for r in rows if r["set"] == "absent"]
    silent = sum(not r["answered"] for r in absent)
    quotes = [r for r in rows if r["answered"]]
    lines += [
        "", f"Kept silent on all that none answers: {share(silent, len(absent))}.", "",
        f"{sum(r['exact'] for r in quotes)} of {len(quotes)} quotes are what stands in the stored text, byte for byte. "
        f"{sum(r['tokens'] for r in rows) / max(1, len(rows)):,.0f} tokens and "
        f"{sum(r['seconds'] for r in rows) / max(1, len(rows)):.0f} s a question.", "",
        "All that was answered, to be judged:", "", "| question | told | by the words | right |", "|---|---|---|---|",
        *(
            "| " + " | ".join(
                " ".join(text.replace("|", "/").split())
                for text in (r["question"], r["answered"], r["quote"]["text"], r.get("answer") or "none answers it")
            ) + " |"
            for r in quotes
        ),
        "", "| silent because | of those that a passage answers | of those that none does |", "|---|---|---|",
    ]  # fmt: skip
    for why in sorted({r["why"] for r in rows if r["why"]}):
        a, b = (
            sum(r["why"] == why and r["set"] == kind for r in rows)
            for kind in ("present", "absent")
        )
        lines.append(f"| {why} | {a} | {b} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Ask and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--rows", type=Path, default=HERE / "answering.jsonl")
    parser.add_argument(
        "--seen-only", action="store_true", help="only those that prompts may be fitted to"
    )
    given = parser.parse_args()
    rows = kept_in(given.rows, given.model)
    try:
        asyncio.run(ask_all(given.data, given.model, given.rows, rows, seen_only=given.seen_only))
    finally:  # what was asked so far is told, too, with how many those are
        told = page(rows, given.model)
        print(told)
        if not given.seen_only:
            (HERE / "ANSWERING.md").write_text(told, "utf-8")


if __name__ == "__main__":
    main()
