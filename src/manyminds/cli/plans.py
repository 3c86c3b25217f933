"""Plans of research as the person sees and changes them: a short file of TOML."""

import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from manyminds.agents.lead import MOST_PARTS
from manyminds.cli.person import asked_in_terminal
from manyminds.cli.view import View, safe
from manyminds.core.errors import RunCancelled, UsageError
from manyminds.core.values import Part, Plan
from manyminds.tools.web.sites import parse_sites

__all__ = ["ask_about", "plan_as_toml", "read_plan"]

_HEAD = "# Change what you like; parts may be added or left out. An empty file calls it off.\n"


def plan_as_toml(plan: Plan) -> str:
    """Write a plan down."""
    lines = [
        f"goal = {_text(plan.goal)}",
        f"sites = {_texts(plan.sites)}  # all of these may be read",
        f"no_sites = {_texts(plan.no_sites)}  # nothing of these",
        f"pages = {plan.pages}  # read for each part before its worker is asked",
        f"depth = {plan.depth}  # requests of one worker",
        f"rounds = {plan.rounds}  # 1: gaps are left",
        f"experiment = {str(plan.experiment).lower()}  # whether programs settle what no page does",
    ]
    if plan.item:
        lines += [
            f"item = {_text(plan.item)}", f"columns = {_texts(plan.columns)}",
            f"order = {_text(plan.order)}  # the column that rows are ranked by; none: as listed",
            f"descending = {str(plan.descending).lower()}  # the largest, or latest, first",
        ]  # fmt: skip
    for part in plan.parts:
        lines += [
            "", "[[part]]", f"question = {_text(part.question)}", f"query = {_text(part.query)}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def read_plan(text: str, *, where: str, loopback: bool = False) -> Plan:
    """Read a plan back.

    Raises:
        UsageError: If it is no plan; the message begins with `where`.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is no TOML: {error}") from None
    known = {
        "goal", "sites", "no_sites", "pages", "depth", "rounds", "experiment", "item", "columns",
        "order", "descending", "part",
    }  # fmt: skip
    if unknown := sorted(set(found) - known):
        raise UsageError(
            f"{where}: a plan has no {unknown[0]!r}; it has {', '.join(sorted(known))}"
        )
    rows = found.get("part", [])
    try:
        parts = tuple(
            Part(question=_said(row["question"]), query=_said(row.get("query") or row["question"]))
            for row in rows
        )
        plan = Plan(
            goal=_said(found.get("goal", "")), parts=parts,
            sites=tuple(map(_said, found.get("sites", ()))),
            no_sites=tuple(map(_said, found.get("no_sites", ()))),
            pages=_count(found.get("pages", 3), 10), rounds=_count(found.get("rounds", 2), 4),
            depth=_count(found.get("depth", 4), 40),
            experiment=_yes_or_no(found.get("experiment", False)),
            item=_said(found.get("item", "")), columns=tuple(map(_said, found.get("columns", ()))),
            order=_said(found.get("order", "")),
            descending=_yes_or_no(found.get("descending", True)),
        )  # fmt: skip
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise UsageError(f"{where} is no plan ({type(error).__name__}: {error})") from None
    if len(plan.parts) > MOST_PARTS:
        raise UsageError(f"{where} has {len(plan.parts)} parts; {MOST_PARTS} is the most")
    parse_sites((*plan.sites, *plan.no_sites), loopback=loopback)
    return plan


def _said(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} should be a text")
    return value


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} should be true or false")
    return value


def _count(value: object, most: int) -> int:
    if not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{value!r} should be a number from 1 to {most}")
    return value


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else " " for c in escaped) + '"'


def _texts(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


async def ask_about(view: View, plan: Plan, told: str) -> Plan:
    """Show a plan and let the person change it.

    Raises:
        RunCancelled: If the person calls it off.
    """
    while True:
        asked = "Go on with this plan? [Enter] yes, [e] edit, [q] leave it: "
        said = await asked_in_terminal(view, f"\n{plan_as_toml(plan)}\n{told}\n{asked}")
        if said.lower() in ("", "y", "yes"):
            return plan
        if said.lower() in ("q", "n", "no"):
            raise RunCancelled("called off before any page was read")
        if said.lower() == "e":
            with view.paused():
                plan = await asyncio.to_thread(_edited, plan, _warn)


def _warn(line: str) -> None:
    sys.stderr.write(f"{safe(line)}\n")


def _edited(plan: Plan, warn: Callable[[str], None]) -> Plan:
    """Open the person's editor on a plan; what cannot be read is told, and the plan stays."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.toml")
        path.write_text(_HEAD + plan_as_toml(plan), encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(path)], check=True)
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            warn(f"{editor} did not work ({error}); set EDITOR, or use --plan FILE")
            return plan
    if not text.strip():
        raise RunCancelled("called off before any page was read")
    try:
        found = read_plan(text, where="the plan")
    except UsageError as error:
        warn(str(error))
        return plan
    return replace(found, goal=found.goal or plan.goal)
