"""Questions with known answers over pages that nobody here wrote: what research gets right.

    python benchmarks/research/site.py --port 8099 &
    python benchmarks/research/deep.py --arms orchestrate,single      # resumes; rows in .bench
    python benchmarks/research/deep.py --table                        # writes DEEP.md

`orchestrate` is `manyminds research`; `single` is one member with the same tools that may read as
many pages (`ask --web --strategy single`), which small models do not do; `reader` is one that is
made to: it begins with five pages that a search for the question finds, more than `orchestrate`
read on average (3.7), and answers. A citation exists where its words are the stored text at
its place. Abstaining is any outcome but "answered", and "cannot be determined"; what is right was
answered, too.
"""

import argparse
import asyncio
import json
import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from manyminds.agents.look_up import look_up
from manyminds.agents.member import open_thread
from manyminds.agents.member import work as work_on
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Plan, Task
from manyminds.evals.origin import commit, machine
from manyminds.judging.canonical import canonicalize
from manyminds.judging.interval import share_interval
from manyminds.runtime.ask import Asked, AskOptions, Watch, ask
from manyminds.runtime.discover import choose_models
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.research import research
from manyminds.runtime.web import WebOptions
from manyminds.tools.web.sources import Sources

HERE = Path(__file__).parent
ROWS = Path(__file__).parents[2] / ".bench" / "deep.jsonl"
ARMS = ("orchestrate", "reader", "single")
PAGES = 5
"""Pages that the reader begins with."""


async def reader(run: Run) -> Answer:
    """Let one member read what a search finds, and answer."""
    thread = open_thread(run, run.members[0], temperature=0.0)
    question = run.task.prompt
    await look_up(run, thread, query=question, about=question, pages=PAGES)
    draft = await work_on(run, thread, answering=True)
    return Answer(
        outcome="answered", text=draft.answer, canonical=None, confidence=draft.confidence
    )


def questions() -> list[dict[str, Any]]:
    """Return the questions; those without pages have no answer there."""
    return tomllib.loads((HERE / "questions.toml").read_text(encoding="utf-8"))["question"]


async def one(
    question: dict[str, Any], arm: str, models: tuple[str, ...], site: str
) -> dict[str, Any]:
    """Work one question and return its row."""
    web = WebOptions(engines=f"searxng={site}", loopback=True)
    options = AskOptions(models=models, web=web, seed=1, strategy="single", members=1)
    task = Task(prompt=question["question"])
    if arm != "orchestrate":
        way = None if arm == "single" else (arm, reader)
        asked = await ask(
            task, options, data=data_home(), cache=cache_home(), watch=Watch(), way=way
        )
    else:
        plan = Plan(goal="", parts=())
        asked = await research(
            task, options, plan, data=data_home(), cache=cache_home(), watch=Watch()
        )
    return _row(question, arm, asked, site)


def _row(question: dict[str, Any], arm: str, asked: Asked, site: str) -> dict[str, Any]:
    answer, wanted = asked.answer, question.get("answer")
    sources = Sources(asked.transcript.with_name("sources.sqlite"))
    there = [
        (sources.text_of(c.source) or "")[c.start : c.end] == c.quote for c in answer.citations
    ]
    pages = {c.source.removeprefix(f"{site}/").partition("#")[0] for c in answer.citations}
    said = answer.text if answer.outcome != "none" else None
    right = None if wanted is None else bool(said and re.search(wanted, said, re.IGNORECASE))
    return {
        "id": question["id"], "arm": arm, "run": asked.run, "outcome": answer.outcome,
        "text": answer.text, "right": right, "abstained": _abstains(answer),
        "citations": len(there), "exist": sum(there), "confidence": answer.confidence,
        "right_page": None if wanted is None else bool(pages & set(question["pages"])),
        "pages": sorted(pages), "tokens": asked.cost.spend.tokens, "seconds": asked.cost.seconds,
        "prompts": asked.prompts[:12], "code": commit(), "models": [m.model for m in asked.members[:1]],
    }  # fmt: skip


def _abstains(answer: Answer) -> bool:
    return answer.outcome != "answered" or canonicalize(answer.text or "").kind == "none"


def rows() -> list[dict[str, Any]]:
    """Return what was worked so far, the latest of each question and arm."""
    if not ROWS.exists():
        return []
    found = [json.loads(line) for line in ROWS.read_text().splitlines()]
    return list({(row["id"], row["arm"]): row for row in found}.values())


async def work(arms: Sequence[str], site: str, side_by_side: int, every: int) -> None:
    """Work what is left, some side by side."""
    models = (await choose_models((), ())).models
    done = {(row["id"], row["arm"]) for row in rows()}
    left = [(q, arm) for arm in arms for q in questions()[::every] if (q["id"], arm) not in done]
    places = asyncio.Semaphore(side_by_side)
    ROWS.parent.mkdir(exist_ok=True)

    async def job(question: dict[str, Any], arm: str) -> None:
        async with places:
            row = await one(question, arm, models, site)
            with ROWS.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(row["id"], arm, row["outcome"], row["right"], repr(row["text"])[:90], flush=True)

    async with asyncio.TaskGroup() as tasks:
        for question, arm in left:
            tasks.create_task(job(question, arm))


def table() -> str:
    """Write down what came of it."""
    found = rows()
    codes = sorted({str(row["code"]) for row in found})
    answered = sum(1 for q in questions() if q.get("answer"))
    lines = [
        "# Questions over three documentations", "",
        f"`python benchmarks/research/deep.py --table`, {datetime.now(UTC).date()}, {machine()}.", "",
        f"{answered} questions with one known answer and the pages that state it, "
        f"{len(questions()) - answered} that these pages do not answer; model {found[0]['models'][0]}, seed 1. "
        f"95 % intervals after Wilson. Rows: deep.jsonl; code at {', '.join(codes)}.", "",
        "| | right, % | right page cited, % | citations that exist | abstained where unanswerable, % "
        "| abstained where answerable, % | tokens a question | seconds a question |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for arm in ARMS:
        mine = [row for row in found if row["arm"] == arm]
        asked = [row for row in mine if row["right"] is not None]
        none = [row for row in mine if row["right"] is None]
        if len(mine) < len(questions()):
            continue
        cells = [
            _share([r["right"] and not r["abstained"] for r in asked]), _share([r["right_page"] for r in asked]),
            f"{sum(r['exist'] for r in mine)} of {sum(r['citations'] for r in mine)}",
            _share([r["abstained"] for r in none]), _share([r["abstained"] for r in asked]),
            f"{sum(r['tokens'] for r in mine) / len(mine):,.0f}",
            f"{sum(r['seconds'] for r in mine) / len(mine):,.0f}",
        ]  # fmt: skip
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    (HERE / "deep.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    text = "\n".join(
        [*lines, "", "Seconds with several questions side by side on the same two cores.", ""]
    )
    (HERE / "DEEP.md").write_text(text)
    return text


def _share(values: Sequence[bool]) -> str:
    low, high = share_interval(sum(values), len(values))
    return f"{100 * sum(values) / len(values):.0f} ({100 * low:.0f} to {100 * high:.0f}; n = {len(values)})"


def main() -> None:
    """Work, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--arms", default="orchestrate")
    parser.add_argument("--site", default="http://127.0.0.1:8099")
    parser.add_argument("--side-by-side", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="only each so-manieth question")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if asked.table:
        print(table())
        return
    asyncio.run(work(asked.arms.split(","), asked.site, asked.side_by_side, asked.every))


if __name__ == "__main__":
    main()
