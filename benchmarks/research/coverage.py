"""Questions of several parts: how many of the known facts a lead with workers finds, and one agent.

    python benchmarks/research/coverage.py        # about two minutes; writes COVERAGE.md

Thirty questions of `questions.toml`, each with its known pages, asked five at a time: one big
question with five facts to find. All arms have a scripted competent model, which says what the
passages that it is shown state and nothing else, over the same search, and read at most as many
pages as `orchestrate` did on that question:

- `orchestrate`: `manyminds research` with the plan of a competent lead, a worker a part (a small
  model would be let name two parts at most);
- `agent`: one member that splits it by itself: it searches for each part and reads what is found,
  one part after the other, all in one context;
- `reader`: one member that begins with what one search for the whole question finds.

What differs is the machinery, not the wit of a model: what is looked up, what is shown, what stands
in the report. A fact is covered where what is delivered holds it: the answer or a statement of the
report; of one agent its answer, which is all that it delivers.
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parents[1]), str(ROOT)]

import numpy as np  # noqa: E402
from aiohttp import web as http  # noqa: E402
from figures import code, machine, mean_interval  # noqa: E402
from research.deep import questions  # noqa: E402
from research.site import app  # noqa: E402

from manyminds.agents.look_up import look_up  # noqa: E402
from manyminds.agents.member import open_thread  # noqa: E402
from manyminds.agents.member import work as work_on  # noqa: E402
from manyminds.core.events import Recorded, Requested, ToolReturned  # noqa: E402
from manyminds.core.protocols import Run  # noqa: E402
from manyminds.core.values import Answer, Part, Plan, Task  # noqa: E402
from manyminds.judging.citing.origin import document_of  # noqa: E402
from manyminds.runtime.ask import Asked, AskOptions, Watch, ask  # noqa: E402
from manyminds.runtime.paths import cache_home, data_home  # noqa: E402
from manyminds.runtime.recheck import recheck  # noqa: E402
from manyminds.runtime.research import research  # noqa: E402
from manyminds.runtime.web import WebOptions  # noqa: E402
from manyminds.testing import act, final  # noqa: E402
from manyminds.transcript.store import read_transcript  # noqa: E402
from tests.scholar import Scholar  # noqa: E402
from tests.stub import Body, Stub  # noqa: E402

HERE = Path(__file__).parent
PARTS = 5
TURNS = 40
LONGEST = 400
"""Characters of a sentence."""
PER_PART = 3
"""Pages that are read for a part, as `manyminds research` does unless told otherwise."""
_DATA = re.compile(r'<data from="([^"]*)">\n(.*?)\n</data>', re.DOTALL)
_HIT = re.compile(r"^(http://\S+)", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")


Shown = Sequence[tuple[str, str]]
"""Passages that a model is shown, each with where it is from."""


@dataclass(frozen=True)
class Fact:
    """One fact to find."""

    question: str
    pattern: str
    pages: tuple[str, ...]
    """That state it."""

    def said_in(self, shown: Shown) -> str | None:
        """Return the sentence that states it, of the passages of its pages."""
        for source, passage in shown:
            if any(page in source for page in self.pages):
                for sentence in _SENTENCE.split(passage):
                    plain = " ".join(sentence.split())
                    if re.search(self.pattern, plain) and len(plain) < LONGEST:
                        return plain
        return None


def shown_in(body: Body) -> list[tuple[str, str]]:
    """Return the passages that a request shows."""
    return [found for m in body["messages"] for found in _DATA.findall(str(m["content"]))]


def tasks() -> list[tuple[str, list[Fact]]]:
    """Return the big questions with their facts."""
    known = [
        Fact(q["question"], q["answer"], tuple(q["pages"])) for q in questions() if q.get("answer")
    ]
    grouped = [known[i : i + PARTS] for i in range(0, len(known), PARTS)]
    return [(" ".join(f.question for f in facts), facts) for facts in grouped]


def scholar(facts: Sequence[Fact]) -> Scholar:
    """A model that works as a competent one would."""
    by_question = {fact.question: fact for fact in facts}

    def know(question: str, _passages: str) -> tuple[str, list[str]]:
        said = by_question[question].said_in(shown_in(made.bodies[-1]))
        return (said, [said]) if said else ("cannot be determined", [])

    def judge(claim: str, passage: str) -> str:
        return "supported" if " ".join(claim.split()) in " ".join(passage.split()) else "not found"

    made = Scholar(know=know, judge=judge)
    return made


@dataclass
class Agent:
    """A competent model alone: part by part, a search and then the pages that it found."""

    facts: Sequence[Fact]
    pages: int
    """It may read."""
    part: int = 0
    read: int = 0
    searched: bool = False
    known: dict[str, str] = field(default_factory=dict)

    def __call__(self, body: Body) -> str:
        """Answer one request."""
        shown = shown_in(body)
        for fact in self.facts:
            said = fact.said_in(shown)
            if said:
                self.known.setdefault(fact.question, said)
        if self.searched and self.read < self.pages:
            self.searched, self.part = False, self.part + 1
            hits = list(dict.fromkeys(_HIT.findall(str(body["messages"][-1]["content"]))))
            wanted = hits[: min(PER_PART, self.pages - self.read)]
            self.read += len(wanted)
            if wanted:
                about = self.facts[self.part - 1].question
                return act("read_page", address="\n".join(wanted), about=about)
        if self.part < len(self.facts) and self.read < self.pages:
            self.searched = True
            return act("search_web", query=self.facts[self.part].question)
        return final(" ".join(self.known.values()) or "cannot be determined")


def alone(begin: int) -> Callable[[Run], Any]:
    """Return a strategy of one member; it begins with so many pages of one search, or by itself."""

    async def strategy(run: Run) -> Answer:
        thread = open_thread(run, run.members[0], temperature=0.0)
        asked = run.task.prompt
        if begin:
            await look_up(run, thread, query=asked, about=asked, pages=begin)
        draft = await work_on(run, thread, turns=TURNS, answering=bool(begin))
        return Answer(outcome="answered", text=draft.answer, canonical=None, confidence=None)

    return strategy


async def one(arm: str, asked: str, facts: Sequence[Fact], site: str, pages: int) -> dict[str, Any]:
    """Work one big question and return its row."""
    task, watch = Task(prompt=asked), Watch()
    with Stub() as stub:
        web = WebOptions(engines=f"searxng={site}", loopback=True)
        options = AskOptions(models=(stub.model,), web=web, seed=1, strategy="single", members=1)
        made = Agent(facts, pages if arm == "agent" else 0)
        model = scholar(facts) if arm == "orchestrate" else made
        letters: list[int] = []

        def counted(body: Body) -> str:
            letters.append(sum(len(str(m["content"])) for m in body["messages"]))
            return model(body)

        stub.behaviours = [counted]
        if arm == "orchestrate":
            found = await research(
                task, options, _plan(facts), data=data_home(),
                cache=cache_home(), watch=watch,
            )  # fmt: skip
        else:
            way = (arm, alone(pages if arm == "reader" else 0))
            found = await ask(
                task, options, data=data_home(), cache=cache_home(), watch=watch, way=way
            )
    checks = await recheck(
        found.transcript, read_transcript(found.transcript).events, found.answer, cache_home()
    )
    held = sum(one.holds is True for one in checks)
    return _row(arm, found, facts) | {
        "checked": len(checks),
        "held": held,
        "letters": sum(letters),
        "longest": max(letters),
    }


def _plan(facts: Sequence[Fact]) -> Plan:
    """Return a competent lead's plan: a part a fact (small models are let name two at most)."""
    parts = tuple(Part(question=fact.question, query=fact.question) for fact in facts)
    return Plan(goal="", parts=parts, pages=PER_PART, rounds=1)


def _row(arm: str, found: Asked, facts: Sequence[Fact]) -> dict[str, Any]:
    report = found.answer.report
    stated = [] if report is None else [s.text for part in report.sections for s in part.statements]
    said = "\n".join([found.answer.text or "", *stated])
    events = read_transcript(found.transcript).events
    pages = _pages(events)
    return {
        "arm": arm, "facts": len(facts), "covered": sum(_covers(said, f, pages) for f in facts),
        "met": sum(bool(_known(f, pages)) for f in facts),
        "pages": len(pages), "requests": sum(isinstance(e.event, Requested) for e in events),
        "seconds": found.cost.seconds,
    }  # fmt: skip


def _known(fact: Fact, pages: set[str]) -> list[str]:
    return [page for page in pages if any(page.endswith(known) for known in fact.pages)]


def _covers(said: str, fact: Fact, pages: set[str]) -> bool:
    """Say whether a fact is told, by what can have told it: one of its pages that was read."""
    return bool(_known(fact, pages)) and re.search(fact.pattern, said) is not None


def _pages(events: Sequence[Recorded]) -> set[str]:
    return {
        document_of(evidence.source)
        for e in events
        if isinstance(e.event, ToolReturned) and e.event.tool == "read_page"
        for evidence in e.event.evidence
        if evidence.source
    }


async def work() -> list[dict[str, Any]]:
    """Work all questions with all arms."""
    runner = http.AppRunner(app(), access_log=None)
    await runner.setup()
    place = http.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    site = f"http://127.0.0.1:{runner.addresses[0][1]}"
    rows: list[dict[str, Any]] = []
    for number, (asked, facts) in enumerate(tasks(), 1):
        first = await one("orchestrate", asked, facts, site, 0)
        mine = [
            first,
            *[await one(arm, asked, facts, site, first["pages"]) for arm in ("agent", "reader")],
        ]
        rows += [{"task": number, **row} for row in mine]
        print(
            *(f"{r['arm']} {r['covered']}/{r['facts']} of {r['pages']} pages" for r in mine),
            sep=", ",
            flush=True,
        )
    await runner.cleanup()
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Write down what came of it."""
    count = len(rows) // 3
    lines = [
        "# Questions of several parts", "",
        "Written by `python benchmarks/research/coverage.py`; do not edit by hand. What the arms are "
        "stands at its beginning.", "",
        f"{datetime.now(UTC).date()}, code at {code()}, {machine()}; a scripted competent model.", "",
        f"{count} questions of {PARTS} facts each, over three documentations. Intervals: 95 %, bootstrap "
        "over the questions.", "",
        "| arm | known pages read, % | facts covered, % | minus agent, points | pages read | requests "
        "| letters sent, thousands | the longest request | citations that hold |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    shares = {
        arm: np.array([r["covered"] / r["facts"] for r in rows if r["arm"] == arm])
        for arm in ("orchestrate", "agent", "reader")
    }
    for arm, share in shares.items():
        mine = [r for r in rows if r["arm"] == arm]
        low, high = mean_interval(100 * share, 1)
        less = 100 * (share - shares["agent"])
        apart = "" if arm == "agent" else f"{less.mean():+.0f} ({' to '.join(f'{v:+.0f}' for v in mean_interval(less, 1))})"  # fmt: skip
        means = [
            f"{sum(r[key] for r in mine) / count / size:,.0f}"
            for key, size in (("pages", 1), ("requests", 1), ("letters", 1_000), ("longest", 1_000))
        ]  # fmt: skip
        met = 100 * sum(r["met"] for r in mine) / sum(r["facts"] for r in mine)
        cells = [
            arm,
            f"{met:.0f}",
            f"{100 * share.mean():.0f} ({low:.0f} to {high:.0f})",
            apart,
            *means,
            f"{sum(r['held'] for r in mine)} of {sum(r['checked'] for r in mine)}"
            if any(r["checked"] for r in mine)
            else "none made",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        [
            *lines,
            "",
            "Means of a question; citations that hold (`manyminds check`) of all. A page that was read is shown by the passages that fit best, as much of "
            "them as a small model is given at once: facts of pages that were read and are not covered "
            "stand in none of these.",
            "",
        ]
    )


def main() -> None:
    """Work, then write the table."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    rows = asyncio.run(work())
    text = table(rows)
    (HERE / "COVERAGE.md").write_text(text, encoding="utf-8")
    (HERE / "coverage.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(text)


if __name__ == "__main__":
    main()
