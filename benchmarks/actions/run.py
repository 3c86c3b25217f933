"""How often a model does what it was asked to do, and each time: pass^k over action tasks.

    python benchmarks/actions/run.py [--model embedded:qwen2.5-coder-1.5b] [--strategy single]

Each task is done `--times` times, each with a desk of its own (`desk.py`, an MCP server), through the
same path as `manyminds ask --mcp FILE`. Right is only where calendar, bookings and mail are exactly
what the task asks for: an act too many is wrong. Rows are kept in .bench/actions.jsonl, so that a
run that was ended goes on; ACTIONS.md is written from them.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import code, machine

from manyminds.core.values import Limits, Task
from manyminds.evals.statistics import pass_hat_k
from manyminds.judging.interval import share_interval
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.paths import cache_home

HERE = Path(__file__).parent
ROWS = HERE.parents[1] / ".bench" / "actions.jsonl"
TOKENS, SECONDS = 6_000, 600.0
"""What a try may cost: tokens count, so that what else the machine does changes nothing."""
KS = (1, 2, 4, 8)

Desk = dict[str, Any]


def _event(number: int, title: str, date: str, time: str, *who: str) -> Desk:
    return {
        "id": f"e{number}", "title": title, "date": date, "time": time, "minutes": 60,
        "with": list(who),
    }  # fmt: skip


DESK: Desk = {
    "made": 0,
    "events": [
        _event(1, "Dentist", "2026-12-03", "09:00"),
        _event(2, "Lunch with Ana", "2026-12-03", "12:00"),
        _event(3, "Stand-up", "2026-12-04", "10:00"),
        _event(4, "Review", "2026-12-04", "15:00", "ben@example.org", "eva@example.org"),
        _event(5, "Interview", "2026-12-04", "16:00"),
        _event(6, "Yoga", "2026-12-07", "08:00"),
        _event(7, "Call with Oslo", "2026-12-07", "11:00"),
    ],
    "tables": [
        {"restaurant": "Osteria", "seats": 4, "price": 28},
        {"restaurant": "Harbour", "seats": 8, "price": 41},
        {"restaurant": "Lotus", "seats": 6, "price": 33},
    ],
    "booked": [],
    "sent": [],
}


def _same(_: Desk) -> None:
    """Nothing may have changed."""


def _adds(title: str, date: str, time: str, minutes: int) -> Callable[[Desk], None]:
    def change(desk: Desk) -> None:
        desk["events"].append({**_event(0, title, date, time), "minutes": minutes})

    return change


def _cancels(*ids: str) -> Callable[[Desk], None]:
    def change(desk: Desk) -> None:
        desk["events"] = [one for one in desk["events"] if one["id"] not in ids]

    return change


def _moves(event_id: str, date: str, time: str) -> Callable[[Desk], None]:
    def change(desk: Desk) -> None:
        next(one for one in desk["events"] if one["id"] == event_id).update(date=date, time=time)

    return change


def _books(*booking: str | int) -> Callable[[Desk], None]:
    return lambda desk: desk["booked"].append(list(booking))


def _sends(*mails: tuple[str, str]) -> Callable[[Desk], None]:
    return lambda desk: desk["sent"].extend(map(list, mails))


@dataclass(frozen=True)
class Act:
    """One task, and what it does to a desk."""

    id: str
    prompt: str
    change: Callable[[Desk], None]
    says: tuple[str, ...] = ()
    """What the answer has to name."""


ACTS = (
    Act("add", "Put 'Budget' into my calendar: 2026-12-03 at 14:00, 90 minutes.",
        _adds("Budget", "2026-12-03", "14:00", 90)),
    Act("cancel", "Cancel my dentist appointment on 2026-12-03.", _cancels("e1")),
    Act("move", "Move my lunch with Ana on 2026-12-03 to 13:00 on the same day.",
        _moves("e2", "2026-12-03", "13:00")),
    Act("mail", "Send ben@example.org a mail that says exactly: I will be 10 minutes late.",
        _sends(("ben@example.org", "I will be 10 minutes late."))),
    Act("book", "Book a table for 4 at Osteria on 2026-12-05 at 19:30.",
        _books("Osteria", "2026-12-05", "19:30", 4)),
    Act("if-free", "If I have nothing on 2026-12-04 at 10:00, put 'Gym' there, 60 minutes; if I have "
        "something then, change nothing.", _same),
    Act("cancel-all", "Cancel everything that I have on 2026-12-07.", _cancels("e6", "e7")),
    Act("read", "What do I have on 2026-12-04? Only tell me, change nothing.", _same,
        ("Stand-up", "Review", "Interview")),
)  # fmt: skip


def stands(desk: Desk) -> Desk:
    """Return what a desk comes to: which ids new events got and in which order is nobody's matter."""
    events = [{k: v for k, v in one.items() if k != "id"} for one in desk["events"]]
    return {
        "events": sorted(events, key=lambda one: json.dumps(one, sort_keys=True)),
        "booked": sorted(map(json.dumps, desk["booked"])),
        "sent": sorted(map(json.dumps, desk["sent"])),
    }


async def done(act: Act, seed: int, model: str, strategy: str) -> dict[str, Any]:
    """Do a task once; return what came of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "desk.json").write_text(json.dumps(DESK))
        command = [str(HERE / "desk.py"), str(folder / "desk.json")]
        acts = ["add_event", "move_event", "cancel_event", "book_table", "send_mail"]
        host = {"command": sys.executable, "args": command, "trust": acts}
        (folder / "mcp.json").write_text(json.dumps({"mcpServers": {"desk": host}}))
        options = AskOptions(
            models=(model,), strategy=strategy, seed=seed, mcp=folder / "mcp.json",
            limits=Limits(tokens=TOKENS, seconds=SECONDS),
        )  # fmt: skip
        asked = await ask(
            Task(prompt=act.prompt), options, data=folder, cache=cache_home(), watch=Watch()
        )
        desk, wanted = json.loads((folder / "desk.json").read_text()), deepcopy(DESK)
    act.change(wanted)
    text = (asked.answer.text or "").lower()
    said = all(word.lower() in text for word in act.says)
    return {
        "act": act.id, "seed": seed, "model": model, "strategy": strategy,
        "right": said and stands(desk) == stands(wanted), "touched": stands(desk) != stands(DESK),
        "outcome": asked.answer.outcome, "text": asked.answer.text,
        "missing": list(asked.answer.missing), "tokens": asked.cost.spend.tokens,
        "seconds": round(asked.cost.seconds, 1),
    }  # fmt: skip


def page(rows: list[dict[str, Any]], model: str, strategy: str) -> str:
    """Write the figures for people."""
    by = {act.id: [row["right"] for row in rows if row["act"] == act.id] for act in ACTS}
    times = min(map(len, by.values()))
    counts = [(sum(right[:times]), times) for right in by.values()]
    ks = [k for k in KS if k <= times]
    low, high = share_interval(sum(c for c, _ in counts), times * len(counts))
    wrong = [row for row in rows if not row["right"]]
    lines = [
        "# Acts", "",
        f"`python benchmarks/actions/run.py --model {model} --strategy {strategy}`, "
        f"{datetime.now(UTC).date()}, {machine()}, code at {code()}.", "",
        f"{len(ACTS)} tasks at a desk, each {times} times, within {TOKENS:,} tokens a try. pass^k is the share of tasks that k tries in a "
        "row all get right: Yao et al. 2024 (tau-bench), without bias.", "",
        f"| {' | '.join(f'pass^{k}' for k in ks)} |", "|---" * len(ks) + "|",
        f"| {' | '.join(f'{pass_hat_k(counts, k):.1%}' for k in ks)} |", "",
        f"pass^1 {low:.1%} to {high:.1%} (95 %, tries taken as independent). Of {len(wrong)} tries that "
        f"were wrong, {sum(row['touched'] for row in wrong)} had changed something and "
        f"{sum(not row['touched'] for row in wrong)} nothing.", "",
        "| task | right | tokens | seconds |", "|---|---|---|---|",
    ]  # fmt: skip
    for act in ACTS:
        mine = [row for row in rows if row["act"] == act.id]
        lines.append(
            f"| {act.id} | {sum(r['right'] for r in mine)} of {len(mine)} | "
            f"{sum(r['tokens'] for r in mine) // len(mine):,} | "
            f"{sum(r['seconds'] for r in mine) / len(mine):.0f} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Do what is left to do, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    asks.add_argument("--strategy", default="single")
    asks.add_argument("--times", type=int, default=8)
    asks.add_argument("--only", default="", help="tasks, with commas; nothing is written then")
    given = asks.parse_args()
    ROWS.parent.mkdir(exist_ok=True)
    kept = [json.loads(line) for line in ROWS.read_text().splitlines()] if ROWS.exists() else []
    rows = [r for r in kept if (r["model"], r["strategy"]) == (given.model, given.strategy)]
    there = {(row["act"], row["seed"]) for row in rows}
    acts = [act for act in ACTS if not given.only or act.id in given.only.split(",")]
    for seed in range(given.times):
        for act in acts:
            if (act.id, seed) in there:
                continue
            row = asyncio.run(done(act, seed, given.model, given.strategy))
            rows.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
            if not given.only:
                with ROWS.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    if not given.only:
        (HERE / "ACTIONS.md").write_text(page(rows, given.model, given.strategy))


if __name__ == "__main__":
    main()
