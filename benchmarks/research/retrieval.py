"""From a term of a documentation's own index to the page that defines it: what the index finds.

    python benchmarks/research/retrieval.py

Queries are the entries of Python's genindex, SQLite's keyword index and PostgreSQL's book index, as
they stand there; right is a page that the entry leads to. The index pages themselves are not
searched, and no link of theirs is known. Writes retrieval.json and RESULTS.md beside itself.
"""

import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import machine
from research.site import PACKAGES, documents, folder_of

from manyminds.tools.docs import store

HERE = Path(__file__).parent
HTML: Any = import_module("lxml.html")
DEPTH = 10
EACH = 1_500
"""Entries of each package, drawn with one seed from those that nothing was chosen on."""
CHOSEN_ON = 500
"""Entries of each package that the weights of the fusion were chosen on, drawn with another."""
Modes = dict[str, dict[str, float]]


def entries(name: str) -> Iterator[tuple[str, str]]:
    """Yield each entry of a package's index with the page it leads to."""
    folder = folder_of(name)

    def read(page: str) -> Any:
        return HTML.parse(str(folder / page)).getroot()

    if name == "python":
        for item in read("genindex-all.html").xpath(
            "//table[contains(@class,'genindextable')]//li"
        ):
            yield from _entry(item)
    elif name == "postgresql":
        for item in read("bookindex.html").xpath("//dt"):
            term = " ".join((item.text or "").strip(" ,\n").split())
            above = item.xpath("ancestor::dd[1]/preceding-sibling::dt[1]")
            if above:
                term = f"{(above[0].text or '').strip(' ,')} {term}"
            for link in item.xpath("./a[@class='indexterm']"):
                yield term, str(link.get("href"))
    else:
        for link in read("keyword_index.html").xpath("//li/a[@href]"):
            yield " ".join(link.text_content().split()), str(link.get("href"))


def _entry(item: Any) -> Iterator[tuple[str, str]]:
    links = item.xpath("./a")
    own = " ".join("".join(item.xpath("./text()[1]")).split())
    first = links[0].text_content() if links else own
    above = item.xpath("parent::ul/parent::li")
    term = " ".join(first.split())
    if above:
        parent = above[0].xpath("./a[1]")
        head = parent[0].text_content() if parent else "".join(above[0].xpath("./text()[1]"))
        term = f"{re.sub(r' [(].*', '', ' '.join(head.split()))} {term}"
    for link in links:
        yield term, str(link.get("href"))


def queries() -> dict[tuple[str, str], set[str]]:
    """Return the pages that each entry leads to, by package and term."""
    found: dict[tuple[str, str], set[str]] = {}
    for name in PACKAGES:
        for term, href in entries(name):
            page = href.partition("#")[0]
            if page.endswith(".html") and len(term) > 1:
                found.setdefault((name, term), set()).add(f"{name}/{page}")
    return found


def drawn(keys: list[tuple[str, str]], name: str) -> list[tuple[str, str]]:
    """Return the entries of a package to measure on: none that the weights were chosen on."""
    mine = [key for key in keys if key[0] == name]
    chosen = set(random.Random(2).sample(mine, CHOSEN_ON))
    return random.Random(1).sample([key for key in mine if key not in chosen], EACH)


def build(path: Path, *, headed: bool) -> tuple[int, float]:
    """Build an index; return how many pages it holds and the seconds that took."""
    db = store.open_passages(path)
    began = time.perf_counter()
    with db:
        store.add(db, (pair for name in PACKAGES for pair in documents(name)), headed=headed)
    took = time.perf_counter() - began
    count = db.execute("select count(*) from documents").fetchone()[0]
    db.close()
    return int(count), took


def measure(
    path: Path, asked: dict[tuple[str, str], set[str]], by: str, calls: float
) -> dict[str, Any]:  # fmt: skip
    """Return recall and rank of the right page, with intervals, and the time of a query."""
    db = store.open_passages(path)
    hits, ranks, seconds = [], [], []
    for (_, term), right in asked.items():
        began = time.perf_counter()
        passages = store.search(db, term, most=60, by=by, calls=calls)  # type: ignore[arg-type]
        seconds.append(time.perf_counter() - began)
        pages = list(dict.fromkeys(p.source for p in passages))[:DEPTH]
        rank = next((n for n, page in enumerate(pages, 1) if page in right), None)
        hits.append(float(rank is not None))
        ranks.append(0.0 if rank is None else 1 / rank)
    db.close()
    return {
        "recall10": _mean(hits), "mrr10": _mean(ranks),
        "p50_ms": 1000 * statistics.median(seconds),
        "p99_ms": 1000 * sorted(seconds)[int(len(seconds) * 0.99)],
    }  # fmt: skip


def _mean(values: list[float]) -> list[float]:
    """Return the mean with its 95 % interval, by resampling."""
    rng = random.Random(1)
    n = len(values)
    means = sorted(statistics.fmean(rng.choices(values, k=n)) for _ in range(200))
    return [statistics.fmean(values), means[4], means[194]]


def main() -> None:
    """Measure, and write down what came of it."""
    every = queries()
    asked = {key: every[key] for name in PACKAGES for key in drawn(sorted(every), name)}
    by_package = {name: sum(1 for n, _ in asked if n == name) for name in PACKAGES}
    found: dict[str, Any] = {
        "command": "python benchmarks/research/retrieval.py", "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(), "n": len(asked), "queries": by_package, "modes": {},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for headed in (True, False):
            path = Path(folder, f"{headed}.sqlite")
            pages, took = build(path, headed=headed)
            if headed:
                found |= {"pages": pages, "index_s": took, "pages_per_s": pages / took}
            for by in ("words", "vectors", "both", "links"):
                kind = f"{by}{'' if headed else ', plain passages'}"
                how, calls = ("both", store.CALLS) if by == "links" else (by, 0.0)
                found["modes"][kind] = measure(path, asked, how, calls)
                print(kind, found["modes"][kind], flush=True)
    (HERE / "retrieval.json").write_text(json.dumps(found, indent=1) + "\n")
    (HERE / "RESULTS.md").write_text(_page(found))


NAMES = {
    "words": "BM25", "vectors": "dense (static word vectors)", "both": "hybrid, fused by rank",
    "links": "hybrid, and what links call a page",
}  # fmt: skip


def _page(found: dict[str, Any]) -> str:
    rows = []
    for kind, m in found["modes"].items():
        by, _, plain = kind.partition(", ")
        told = [
            f"{100 * m[key][0]:.1f} ({100 * m[key][1]:.1f} to {100 * m[key][2]:.1f})"
            for key in ("recall10", "mrr10")
        ]
        rows.append(
            f"| {NAMES[by]}{', ' + plain if plain else ''} | {told[0]} | {told[1]} | {m['p50_ms']:.1f} | {m['p99_ms']:.1f} |"
        )
    counts = ", ".join(f"{name} {n:,}" for name, n in found["queries"].items())
    return "\n".join([
        "# Finding the page that an index entry leads to", "",
        f"`{found['command']}`, {found['date']}, {found['machine']}.", "",
        f"n = {found['n']:,} entries ({counts}, drawn with a seed) over {found['pages']:,} pages; 95 % intervals by resampling. "
        f"Indexing: {found['pages_per_s']:.0f} pages a second (HTML read, cut, embedded and written).", "",
        "| | Recall@10, % | MRR@10, % | query p50, ms | p99, ms |", "|---|---|---|---|---|", *rows, "",
        "Passages are searched with the document's name and headings above them, unless plain.", "",
    ])  # fmt: skip


if __name__ == "__main__":
    main()
