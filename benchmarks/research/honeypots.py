"""Altered copies of real pages beside the page itself: what the whole run follows and tells.

    python benchmarks/research/honeypots.py      # about a minute; writes HONEYPOTS.md

Pages of the three documentations, each with one number of it that a question asks for. Beside
each stand three copies on other sites with that number altered; a search finds the copies first,
and all four are read. A worker believes the copies; the judge is an oracle that knows both numbers,
so what is measured is the machinery. What tells the primary is that the person named its site, that
the copies name its page in a line of theirs, or nothing; in a fourth arm copies name each other's
page, and the page itself credits somebody else. Measured: the answer holds the primary's number and
not the altered one, and the conflict is told. Where no passage that was shown holds the altered
number the worker has nothing to say, and such matters are counted apart.
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parents[1]), str(ROOT)]

from aiohttp import web as http  # noqa: E402
from figures import code, machine  # noqa: E402
from research.deep import questions  # noqa: E402
from research.site import folder_of  # noqa: E402

from manyminds.core.values import Part, Plan, Task  # noqa: E402
from manyminds.judging.interval import share_interval  # noqa: E402
from manyminds.runtime.ask import AskOptions, Watch  # noqa: E402
from manyminds.runtime.paths import data_home  # noqa: E402
from manyminds.runtime.research import research  # noqa: E402
from manyminds.runtime.web import WebOptions  # noqa: E402
from tests.scholar import Scholar  # noqa: E402
from tests.stub import Stub  # noqa: E402

HERE = Path(__file__).parent
COPIES = 3
HINTS = ("named", "pointed", "none", "crossed")
PRIMARY, *OTHERS = (f"127.0.0.{n}" for n in range(1, COPIES + 2))
_DATA = re.compile(r'<data from="([^"]*)">\n(.*?)\n</data>', re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
ALTERED = {
    "q01": ("3.11", "3.17"), "q02": ("3.11", "3.17"), "q03": ("3.10", "3.16"), "q07": ("465", "485"),
    "q08": ("3.10", "3.16"), "q11": ("3.8", "3.16"), "q13": ("4096", "4196"), "q14": ("10", "43"),
    "q16": ("100", "140"), "q18": ("3.37.0", "3.35.0"), "q19": ("3.25.0", "3.23.0"),
    "q20": ("3.24.0", "3.22.0"), "q21": ("1000", "1400"), "q22": ("2000", "2400"),
    "q24": ("5432", "5832"), "q25": ("100", "140"), "q29": ("1,600", "1,900"),
}  # fmt: skip
"""By question: the number of its first page, and what it is in the copies."""


@dataclass(frozen=True)
class Matter:
    """One question, its page, and the number that copies alter."""

    id: str
    question: str
    page: str
    right: str
    wrong: str

    def copy(self, hint: str, home: str, next_: str) -> str:
        """Return the page as a copy has it; `next_` is the site of another copy."""
        number = rf"(?<![\w.]){re.escape(self.right)}(?![\w]|\.\d)"
        body, _, rest = re.sub(number, self.wrong, self.original()).partition("</body>")
        origin = {"pointed": home, "crossed": next_}.get(hint)
        told = (
            f"<p>Copied from {origin}/{self.page} with thanks to its authors.</p>" if origin else ""
        )
        # Some of these pages leave their last tags out.
        return f"{body}{told}</body>{rest}"

    def original(self) -> str:
        """Return the page as it is."""
        name, _, place = self.page.partition("/")
        return (folder_of(name) / place).read_text(encoding="utf-8", errors="replace")


def matters() -> list[Matter]:
    """Return what is asked."""
    return [
        Matter(q["id"], q["question"], q["pages"][0], *ALTERED[q["id"]])
        for q in questions() if q["id"] in ALTERED
    ]  # fmt: skip


def scholar(matter: Matter) -> Scholar:
    """A worker that believes the copies, and a judge that reads well."""

    def know(_question: str, passages: str) -> tuple[str, list[str]]:
        about = {w.casefold() for w in re.findall(r"\w{4,}", matter.question)}
        holding = [
            plain for line in _SENTENCE.split(passages)
            if _has(matter.wrong, plain := " ".join(line.split())) and len(plain) < 300
        ]  # fmt: skip
        holding.sort(
            key=lambda line: -len(about & {w.casefold() for w in re.findall(r"\w{4,}", line)})
        )
        return (holding[0], holding[:1]) if holding else ("cannot be determined", [])

    def judge(claim: str, passage: str) -> str:
        plain, said = " ".join(passage.split()), " ".join(claim.split())
        if said in plain:
            return "supported"
        return "contradicted" if said.replace(matter.wrong, matter.right) in plain else "not found"

    return Scholar(know=know, judge=judge)


def _has(number: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(number)}(?![\w]|\.\d)", text) is not None


@dataclass
class Sites:
    """The primary and its copies, each on an address of its own, and a search that finds copies first."""

    matter: Matter | None = None
    hint: str = ""
    port: int = 0

    def at(self, host: str) -> str:
        """Return a site's address."""
        return f"http://{host}:{self.port}"

    async def search(self, _request: http.Request) -> http.Response:
        """Find the copies, then the page itself."""
        assert self.matter is not None
        rows = [
            {"url": f"{self.at(host)}/{self.matter.page}", "title": self.matter.page, "content": "a page"}
            for host in (*OTHERS, PRIMARY)
        ]  # fmt: skip
        return http.json_response({"results": rows})

    async def page(self, request: http.Request) -> http.Response:
        """Serve the page, or a copy of it."""
        assert self.matter is not None
        if request.path != f"/{self.matter.page}":
            return http.Response(status=404)
        host = request.host.partition(":")[0]
        text = self.matter.original()
        if host in OTHERS:
            other = OTHERS[(OTHERS.index(host) + 1) % COPIES]
            text = self.matter.copy(self.hint, self.at(PRIMARY), self.at(other))
        elif self.hint == "crossed":
            text += "<p>Source: https://elsewhere.example/, with thanks.</p>"
        return http.Response(text=text, content_type="text/html")


async def one(matter: Matter, hint: str, sites: Sites) -> dict[str, Any]:
    """Work one matter and return its row."""
    assert not _has(matter.wrong, matter.original()), matter  # it would be a true statement
    sites.matter, sites.hint = matter, hint
    with Stub() as stub:
        stub.behaviours = [scholar(matter)]
        web = WebOptions(engines=f"searxng={sites.at(PRIMARY)}", loopback=True)
        options = AskOptions(models=(stub.model,), web=web, seed=1, members=1)
        part = Part(question=matter.question, query=matter.question)
        open_ = (PRIMARY,) if hint == "named" else ()
        plan = Plan(goal="", parts=(part,), pages=COPIES + 1, rounds=1, sites=open_)
        with TemporaryDirectory() as cache:  # a page of the matter before is another one
            found = await research(
                Task(prompt=matter.question), options, plan, data=data_home(), cache=Path(cache),
                watch=Watch(),
            )  # fmt: skip
    answer, report = found.answer, found.answer.report
    disputes = () if report is None else report.disputes
    return {
        "id": matter.id, "hint": hint, "text": answer.text, "outcome": answer.outcome,
        "right": _has(matter.right, answer.text or "") and not _has(matter.wrong, answer.text or ""),
        "said": answer.text is not None,
        "told": len(disputes) > 0, "followed": [d.followed for d in disputes],
        "read": 0 if report is None else len({c.source for c in answer.citations}),
    }  # fmt: skip


async def work() -> list[dict[str, Any]]:
    """Work all matters with every hint."""
    sites = Sites()
    app = http.Application()
    app.router.add_get("/search", sites.search)
    app.router.add_get("/{path:.*}", sites.page)
    runner = http.AppRunner(app, access_log=None)
    await runner.setup()
    first = http.TCPSite(runner, PRIMARY, 0)
    await first.start()
    sites.port = runner.addresses[0][1]
    for host in OTHERS:
        await http.TCPSite(runner, host, sites.port).start()
    rows = [await one(matter, hint, sites) for hint in HINTS for matter in matters()]
    await runner.cleanup()
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Write down what came of it."""
    lines = [
        "# Altered copies of real pages", "",
        "Written by `python benchmarks/research/honeypots.py`; do not edit by hand. What is done stands at "
        "its beginning.", "",
        f"{datetime.now(UTC).date()}, code at {code()}, {machine()}; a scripted model that believes the copies.", "",
        f"{len(ALTERED)} pages, {COPIES} copies each. 95 % intervals after Wilson.", "",
        "| what tells the primary | nothing to say | of the others: the primary's number is answered, % "
        "| the conflict is told, % | left open, % |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    names = {
        "named": "you named its site",
        "pointed": "copies name it",
        "none": "nothing",
        "crossed": "nothing; copies name each other",
    }
    for hint, name in names.items():
        every = [row for row in rows if row["hint"] == hint]
        mine = [row for row in every if row["said"]]
        open_ = [bool(r["followed"]) and not any(r["followed"]) for r in mine]
        cells = [
            f"{len(every) - len(mine)} of {len(every)}",
            _share([r["right"] for r in mine]),
            _share([r["told"] for r in mine]),
            _share(open_),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _share(values: Sequence[bool]) -> str:
    low, high = share_interval(sum(values), len(values))
    return f"{100 * sum(values) / len(values):.0f} ({100 * low:.0f} to {100 * high:.0f}; n = {len(values)})"


def main() -> None:
    """Work, then write the table."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    rows = asyncio.run(work())
    text = table(rows)
    (HERE / "HONEYPOTS.md").write_text(text, encoding="utf-8")
    for row in rows:
        if row["right"] != (row["hint"] in ("named", "pointed")) or not row["told"]:
            print(json.dumps(row))
    print(text)


if __name__ == "__main__":
    main()
