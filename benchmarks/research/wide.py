"""All there are of something, over pages that nobody here wrote: what a wide run finds.

    python benchmarks/research/site.py --port 8099 --data ../shared/data &
    python benchmarks/research/wide.py                    # a scripted competent model; writes WIDE.md
    python benchmarks/research/wide.py --model embedded   # the embedded model; resumes

Four tasks. What is right is read off the same pages by rules of this file's own (tags and headings,
not the list tools). A scripted model picks the right groups and lines as a competent one would; it
shows what the machinery loses. Links are right where they lead to the item's own place.
"""

import argparse
import asyncio
import json
import re
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parents[1]), str(ROOT)]

from research.site import folder_of  # noqa: E402

from manyminds.core.values import Plan, Table, Task  # noqa: E402
from manyminds.evals.origin import commit, machine  # noqa: E402
from manyminds.runtime.ask import Asked, AskOptions, Watch  # noqa: E402
from manyminds.runtime.discover import choose_models  # noqa: E402
from manyminds.runtime.paths import cache_home, data_home  # noqa: E402
from manyminds.runtime.research import research  # noqa: E402
from manyminds.runtime.web import WebOptions  # noqa: E402
from manyminds.tools.web.sources import Sources  # noqa: E402
from tests.scholar import Scholar  # noqa: E402
from tests.stub import Stub  # noqa: E402

HTML: Any = import_module("lxml.html")
XML: Any = import_module("lxml.etree")
HERE = Path(__file__).parent
ROWS = ROOT / ".bench" / "wide.jsonl"


@dataclass
class Wanted:
    """One task: the question, what is right, and how a competent model goes about it."""

    name: str
    question: str
    right: dict[str, str | None]
    """By link: a fact, where one is asked for."""
    scholar: Scholar = field(default_factory=Scholar)
    fact: str | None = None


def columns(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Return columns as the lead names them."""
    return [{"name": name, "kind": kind} for name, kind in pairs]


def tasks(site: str, data: Path) -> list[Wanted]:
    """Return the four tasks."""
    return [_posts(site, data), _pragmas(site), _contrib(site), _deprecated(site)]


def _posts(site: str, data: Path) -> Wanted:
    feed = XML.parse(str(data / "blog" / "feed.xml"))
    entries = feed.xpath("//*[local-name()='entry']")
    right = {
        e.xpath("string(./*[local-name()='link']/@href)"): e.xpath(
            "substring(string(./*[local-name()='published']), 1, 10)"
        )
        for e in entries
    }
    scholar = Scholar(
        item="a post of this author", topics=["agents", "other"],
        columns=columns(("title", "name"), ("link", "link"), ("date", "date"), ("topic", "judged")),
        sort=lambda line: "agents" if "gent" in line else "other",
    )  # fmt: skip
    asked = f"Map every post of this author in the feed {site}/feed.xml, grouped by topic, with links and dates"
    return Wanted(name="posts", question=asked, right=right, scholar=scholar, fact="date")


def _pragmas(site: str) -> Wanted:
    page = HTML.parse(str(folder_of("sqlite") / "pragma.html")).getroot()
    names = {str(a) for a in page.xpath("//a[starts-with(@name, 'pragma_')]/@name")}
    right: dict[str, str | None] = {f"{site}/sqlite/pragma.html#{name}": None for name in names}
    listed = {
        str(h).partition("#")[2] for h in page.xpath("//li/a[contains(@href,'#pragma_')]/@href")
    }
    right = {link: None for link in right if link.partition("#")[2] in listed}
    scholar = Scholar(
        item="a PRAGMA of SQLite", columns=columns(("pragma", "name"), ("page", "link")),
        group=lambda line: "only" if "analysis_limit" in line else "",
    )  # fmt: skip
    asked = f"Every SQLite PRAGMA with its page, from {site}/sqlite/pragma.html"
    return Wanted(name="pragmas", question=asked, right=right, scholar=scholar)


def _contrib(site: str) -> Wanted:
    page = HTML.parse(str(folder_of("postgresql") / "contrib.html")).getroot()
    found = {}
    for item in page.xpath("//dt"):
        text = " ".join(item.text_content().split())
        if re.match(r"F\.\d+\. ", text):
            found[f"{site}/postgresql/{item.xpath('.//a/@href')[0]}"] = None
    numbered = {link.rpartition("/")[2] for link in found}
    names = {
        " ".join(a.text_content().split())
        for a in page.xpath("//dt//a")
        if str(a.get("href")) in numbered
    }
    scholar = Scholar(
        item="a contrib module of PostgreSQL", columns=columns(("module", "name"), ("link", "link")),
        group=lambda line: "some" if "*.html:" in line and "around the site" not in line else "",
        belongs=lambda line: line.partition(" (")[0].strip() in names,
    )  # fmt: skip
    asked = f"All PostgreSQL contrib modules, from {site}/postgresql/contrib.html, with links"
    return Wanted(name="contrib", question=asked, right=found, scholar=scholar)


def _deprecated(site: str) -> Wanted:
    folder = folder_of("python") / "library"
    page = HTML.parse(str(folder / "superseded.html")).getroot()
    found: dict[str, str | None] = {}
    for href in page.xpath("//li[@class='toctree-l1']/a/@href"):
        text = HTML.parse(str(folder / str(href))).getroot().text_content()
        told = re.search(r"removed in version (\d\.\d+)", text)
        found[f"{site}/python/library/{href}"] = told[1] if told else None

    def version(_column: str, line: str) -> str | None:
        told = re.search(r"removed in version (\d\.\d+)", line)
        return told[1] if told else None

    scholar = Scholar(
        item="a deprecated module of Python",
        columns=columns(("module", "name"), ("link", "link"), ("removed in version", "fact")),
        group=lambda line: "only" if "/library/*.html:" in line and "around the site" not in line else "",
        cell=version,
    )  # fmt: skip
    asked = f"Python modules deprecated, from {site}/python/library/superseded.html, with the version they are removed in"
    return Wanted(
        name="deprecated", question=asked, right=found, scholar=scholar, fact="removed in version"
    )


async def one(task: Wanted, models: tuple[str, ...], who: str) -> dict[str, Any]:
    """Work one task and return its row."""
    web = WebOptions(loopback=True, lists=True, sites=("127.0.0.1",))
    options = AskOptions(models=models, web=web, seed=1, members=1)
    plan = Plan(goal="", parts=(), sites=("127.0.0.1",))
    asked = await research(
        Task(prompt=task.question),
        options,
        plan,
        data=data_home(),
        cache=cache_home(),
        watch=Watch(),
        way="wide",
    )
    report = asked.answer.report
    table = None if report is None else report.table
    return {
        "task": task.name,
        "model": who,
        "run": asked.run,
        "code": commit(),
        **_counted(task, table, asked),
    }


def _counted(task: Wanted, table: Table | None, asked: Asked) -> dict[str, Any]:
    rows = () if table is None else table.rows
    names = () if table is None else table.columns
    places = [n for n, name in enumerate(names) if rows and str(rows[0][n].text).startswith("http")]
    links = [row[places[0]].text or "" for row in rows] if places else []
    hits = [link for link in links if link in task.right]
    fact = names.index(task.fact) if task.fact in names else None
    facts = [
        (row[fact].text, task.right[link])
        for row, link in zip(rows, links, strict=False)
        if fact is not None and link in task.right
    ]
    sources = Sources(asked.transcript.with_name("sources.sqlite"))
    exist = [
        (sources.text_of(c.source) or "")[c.start : c.end] == c.quote
        for c in asked.answer.citations
    ]
    return {
        "rows": len(rows), "right": len(task.right), "hits": len(set(hits)), "links": len(links),
        "facts": len(facts), "facts_right": sum(a == b for a, b in facts), "citations": len(exist),
        "exist": sum(exist), "tokens": asked.cost.spend.tokens, "seconds": asked.cost.seconds,
        "completeness": None if table is None else table.completeness.how,
    }  # fmt: skip


async def work(site: str, data: Path, who: str) -> None:
    """Work the tasks that are left."""
    done = {(row["task"], row["model"]) for row in rows()}
    for task in tasks(site, data):
        if (task.name, who) in done:
            continue
        if who == "scripted":
            with Stub() as stub:
                stub.behaviours = [task.scholar]
                row = await one(task, (stub.model,), who)
        else:
            row = await one(task, (await choose_models((), ())).models, who)
        ROWS.parent.mkdir(exist_ok=True)
        with ROWS.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(
            {
                k: row[k]
                for k in ("task", "rows", "right", "hits", "links", "facts_right", "seconds")
            },
            flush=True,
        )


def rows() -> list[dict[str, Any]]:
    """Return what was worked so far, the latest of each task and model."""
    if not ROWS.exists():
        return []
    found = [json.loads(line) for line in ROWS.read_text().splitlines()]
    return list({(row["task"], row["model"]): row for row in found}.values())


def table() -> str:
    """Write down what came of it."""

    def share(a: int, b: int) -> str:
        return "none" if b == 0 else f"{a / b:.3f} ({a} of {b})"

    lines = [
        "# All there are of something", "",
        f"`python benchmarks/research/wide.py --table`, {datetime.now(UTC).date()}, {machine()}.", "",
        "| task | model | link precision | link recall | facts right | citations that exist | tokens | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in sorted(rows(), key=lambda r: r["model"], reverse=True):
        cells = [
            row["task"], row["model"], share(row["hits"], row["links"]), share(row["hits"], row["right"]),
            share(row["facts_right"], row["facts"]), share(row["exist"], row["citations"]),
            f"{row['tokens']:,}", f"{row['seconds']:.1f}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    text = "\n".join([*lines, ""])
    (HERE / "WIDE.md").write_text(text)
    (HERE / "wide.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    return text


def main() -> None:
    """Work, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", choices=("scripted", "embedded"), default="scripted")
    parser.add_argument("--site", default="http://127.0.0.1:8099")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if not asked.table:
        asyncio.run(work(asked.site, asked.data, asked.model))
    print(table())


if __name__ == "__main__":
    main()
