"""From a question about somebody to what they wrote: ten posts of a blog, sixty questions.

    python benchmarks/recommend/proxy.py --data ../shared/data

Questions, each with the passage that answers it, were written for this in other words than the posts
use. What the search is set to (the length of a passage, of four; the weight of vectors, of two) was
chosen while looking at these, so others may be found less well. A quote counts as right if it holds half
of the passage at least. For thirty questions that no post answers, how well
the nearest quote's nearness tells them from the others is shown (the chance that an answered question
has the nearer one): it is what abstaining by nearness alone would rest on. Writes proxy.json, PROXY.md.
"""

import argparse
import json
import sys
import tempfile
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from manyminds.judging.interval import share_interval
from manyminds.recommend.proxy import Proxy, Quote
from manyminds.recommend.words import add_words
from manyminds.tools.docs.store import embedder

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine

HERE = Path(__file__).parent
DEPTHS = (1, 3, 5, 10)


def holds(quote: Quote, gold: str) -> bool:
    """Say whether a quote holds half of a passage, at its begin or its end."""
    said, half = " ".join(quote.text.split()), len(gold) // 2
    return gold[:half] in said or gold[-half:] in said


def measure(data: Path) -> dict:
    """Ask everything."""
    asked = tomllib.loads((HERE / "proxy.toml").read_text("utf-8"))
    embed = embedder()
    if embed is None:
        raise SystemExit("word vectors are missing; pip install 'manyminds[docs]'")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "me"
        texts = add_words(home, data / "blog" / "feed.xml", "blog").texts
        began = time.perf_counter()
        proxy = Proxy(home, Path(folder) / "cache")
        indexed = time.perf_counter() - began
        places: list[int] = []
        seconds: list[float] = []
        exact = quotes = 0
        for question in asked["present"]:
            began = time.perf_counter()
            found = proxy.quotes(question["question"], most=max(DEPTHS))
            seconds.append(time.perf_counter() - began)
            places.append(next((i for i, q in enumerate(found) if holds(q, question["gold"])), 99))
            for quote in found:
                quotes += 1
                exact += (proxy.text_of(quote.source) or "")[quote.start : quote.end] == quote.text

        def nearness(question: str) -> float:
            near = proxy.quotes(question, most=5)
            vectors = embed([question, *(q.text for q in near)])
            return float((vectors[1:] @ vectors[0]).max())

        present = [nearness(q["question"]) for q in asked["present"]]
        absent = {
            kind: [nearness(q["question"]) for q in asked["absent"] if q["kind"] == kind]
            for kind in ("far", "near")
        }
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "code": code(),
        "texts": texts, "indexed_s": round(indexed, 2), "query_ms": round(1000 * float(np.median(seconds)), 1),
        "quotes": quotes, "exact": exact,
        "recall": {
            str(k): _share(sum(place < k for place in places), len(places)) for k in DEPTHS
        },
        "told_apart": {
            kind: [len(far), round(float(np.mean([[(p > a) + (p == a) / 2 for a in far] for p in present])), 3)]
            for kind, far in absent.items()
        },
    }  # fmt: skip


def _share(right: int, n: int) -> list[float]:
    return [right, n, *(round(bound, 3) for bound in share_interval(right, n))]


def table(found: dict) -> str:
    """Write the page."""
    lines = [
        "# From a question to a person's own words", "",
        "Written by `python benchmarks/recommend/proxy.py`; do not edit by hand.", "",
        f"- date: {found['date']}; code: {found['code']}; machine: {found['machine']}",
        f"- {found['texts']} posts, indexed in {found['indexed_s']} s; a question takes {found['query_ms']} ms",
        f"- {found['exact']} of {found['quotes']} quotes are what stands in the stored text, byte for byte",
        "- what the search is set to (length of a passage, weight of vectors) was chosen while looking at these questions", "",
        "| the passage is in | questions | |", "|---|---|---|",
    ]  # fmt: skip
    for k, (right, n, low, high) in found["recall"].items():
        lines.append(
            f"| the first {k} | {right} of {n} | {right / n:.0%} ({low:.0%} to {high:.0%}) |"
        )
    apart = ", ".join(f"{kind}: {auc:.2f} (n = {n})" for kind, (n, auc) in found["told_apart"].items())  # fmt: skip
    return "\n".join([*lines, "", f"Told from questions that no post answers by nearness alone (0.5 is chance): {apart}."]) + "\n"  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    arguments = parser.parse_args()
    found = measure(arguments.data)
    (HERE / "proxy.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (HERE / "PROXY.md").write_text(table(found), encoding="utf-8")
