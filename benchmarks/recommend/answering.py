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
    """Say whether a quote and a passage share half of the shorter one's words, in a row."""
    said, wanted = (re.findall(r"\w+", text.casefold()) for text in (quote, gold))
    short, long = sorted((said, wanted), key=len)
    count = max(1, (len(short) + 1) // 2)
    there = " " + " ".join(long) + " "
    return any(
        f" {' '.join(short[at : at + count])} " in there for at in range(len(short) - count + 1)
    )


def questions() -> list[Row]:
    """Return all, those looked at and those not in turn."""
    asked = tomllib.loads((HERE / "proxy.toml").read_text("utf-8"))
    return [
        {**one, "set": kind, "seen": place % 2 == 0}
        for kind in ("present", "absent")
        for place, one in enumerate(asked[kind])
    ]


def kept_in(rows: Path) -> list[Row]:
    """Return what was asked before."""
    return (
        [json.loads(line) for line in rows.read_text("utf-8").splitlines()] if rows.exists() else []
    )


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
            exact = (
                quote is None
                or (proxy.text_of(quote.source) or "")[quote.start : quote.end] == quote.text
            )
            row = {
                **one, "answered": answered.text, "why": answered.why, "exact": exact,
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
        f"code at {code()}.", "",
        "| questions | answered | quoted right, of those answered | kept silent |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, seen in (("looked at while prompts were written", True), ("not looked at", False)):
        for kind, told in (
            ("present", "that a passage answers"),
            ("near", "that none answers, of the posts' topics"),
            ("far", "that none answers, of other topics"),
        ):
            mine = [r for r in rows if r["seen"] == seen and kind in (r["set"], r.get("kind"))]
            said = [r for r in mine if r["answered"]]
            right = (
                sum(shares_half(r["quote"]["text"], r["gold"]) for r in said)
                if kind == "present"
                else 0
            )
            lines.append(
                f"| {told}, {name} | {share(len(said), len(mine))} | "
                f"{share(right, len(said)) if kind == 'present' else ''} | "
                f"{share(len(mine) - len(said), len(mine))} |"
            )
    absent = [r for r in rows if r["set"] == "absent"]
    present = [r for r in rows if r["set"] == "present"]
    silent = sum(not r["answered"] for r in absent)
    said = [r for r in present if r["answered"]]
    right = sum(shares_half(r["quote"]["text"], r["gold"]) for r in said)
    gates: dict[str, list[int]] = {}
    for r in rows:
        if r["why"]:
            gate = re.sub(r"hold .*|checked: .*", "…", r["why"])
            gates.setdefault(gate, [0, 0])[r["set"] == "absent"] += 1
    lines += [
        "", f"Kept silent on all that none answers: {share(silent, len(absent))}. Answered of all that a passage "
        f"answers: {share(len(said), len(present))}; quoted right: {share(right, len(present))} of all, "
        f"{share(right, len(said))} of those answered.", "",
        f"{sum(r['exact'] for r in rows)} of {len(rows)} quotes are what stands in the stored text, byte for byte. "
        f"{sum(r['tokens'] for r in rows) / max(1, len(rows)):,.0f} tokens and "
        f"{sum(r['seconds'] for r in rows) / max(1, len(rows)):.0f} s a question.", "",
        "| silent because | of those that a passage answers | of those that none does |", "|---|---|---|",
        *(f"| {gate} | {a} | {b} |" for gate, (a, b) in sorted(gates.items())), "",
    ]  # fmt: skip
    return "\n".join(lines)


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
    rows = kept_in(given.rows)
    asyncio.run(ask_all(given.data, given.model, given.rows, rows, seen_only=given.seen_only))
    told = page(rows, given.model)
    print(told)
    if not given.seen_only:
        (HERE / "ANSWERING.md").write_text(told, "utf-8")


if __name__ == "__main__":
    main()
