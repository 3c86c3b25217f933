"""The page of a bench's report: table, pictures, kinds, and every question with its transcripts."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

from manyminds.evals.arms import BASE
from manyminds.evals.measures import ArmMeasures, Comparison, Measures, equal_cost
from manyminds.evals.report.plots import (
    calibration_plot,
    cost_plot,
    difference_plot,
    split_plot,
)
from manyminds.evals.trials import Trial

__all__ = ["Origin", "write_report"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a report comes from: what would make it again."""

    command: str
    machine: str
    code: str
    """Version of the package, and the commit where it is a checkout."""


def write_report(out: Path, found: Measures, rows: Sequence[Trial], origin: Origin) -> Path:
    """Write `report.html` and `report.json` to a folder; return the page.

    Args:
        out: The bench's folder; links to transcripts are relative to it.
        found: What was measured.
        rows: What it was measured on.
        origin: What made it.
    """
    told = {"origin": asdict(origin), **asdict(found)}
    (out / "report.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    page = out / "report.html"
    page.write_text(_page(found, rows, origin), encoding="utf-8")
    return page


def _page(found: Measures, rows: Sequence[Trial], origin: Origin) -> str:
    style = files("manyminds.evals.report").joinpath("page.css").read_text(encoding="utf-8")
    title = f"{found.suite}: {found.n} questions on {found.model}"
    arms = [arm for arm in found.arms if arm.name != "oracle"]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(_summary(found))}</p>",
        _origin(found, origin),
        "<h2>Arms</h2>", _table(found),
        "<h2>Accuracy against cost</h2>", _picture(cost_plot(found.arms, found.front)),
    ]  # fmt: skip
    if len(arms) > 1:
        parts += [f"<h2>Beside {BASE}</h2>", _picture(difference_plot(arms, BASE))]
    for pair in found.equal:
        plot = difference_plot(arms, pair.budgeted)
        parts += [f"<h2>Beside {escape(pair.budgeted)}</h2>", _picture(plot)]
    if any(arm.name == "single" for arm in arms):
        parts += ["<h2>Beside one draw</h2>", _picture(difference_plot(arms, "single"))]
    if any(arm.bins for arm in arms):
        parts += ["<h2>Calibration</h2>", _picture(calibration_plot(arms))]
    parts += ["<h2>What tokens were spent on</h2>", _picture(split_plot(found.arms))]
    if len(found.kinds) > 1:
        parts += ["<h2>By kind</h2>", _kinds(found)]
    parts += ["<h2>Questions</h2>", _questions(rows)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _summary(found: Measures) -> str:
    """Say in words what is shown, and what is not."""
    wins = [(a, c) for a in found.arms for c in a.comparisons if _told(a, c, "win")]
    losses = [(a, c) for a in found.arms for c in a.comparisons if _told(a, c, "loss")]
    open_ = [a.name for a in found.arms for c in a.comparisons if _told(a, c, "not shown")]
    said = [
        f"{a.name} is shown to be right more often than {BASE} "
        f"({100 * c.difference.mean:+.1f} points, {_ratio(a, found)} of its tokens)."
        for a, c in wins
    ]
    said += [
        f"{a.name} is shown to be right less often than {BASE} "
        f"({100 * c.difference.mean:+.1f} points, {_ratio(a, found)} of its tokens)."
        for a, c in losses
    ]
    if open_:
        said.append(f"No difference to {BASE} is shown for {', '.join(open_)}.")
    said += [f"At equal cost: {line}." for line in equal_cost(found)]
    if any(arm.chance for arm in found.arms):
        said.append(f"Guessing gets {found.arms[0].chance:.0%} right.")
    if found.left_out:
        said.append(f"{found.left_out} questions are left out: not every arm has played them.")
    return " ".join(said)


def _told(arm: ArmMeasures, comparison: Comparison, finding: str) -> bool:
    real = not arm.derived and comparison.other == BASE
    return real and comparison.finding == finding


def _ratio(arm: ArmMeasures, found: Measures) -> str:
    base = next(a for a in found.arms if a.name == BASE)
    return f"{arm.tokens / base.tokens:.2f}x" if base.tokens else "?"


def _origin(found: Measures, origin: Origin) -> str:
    first, last = found.dates
    facts = {
        "command": origin.command, "machine": origin.machine,
        "code": f"{', '.join(found.code)}; report by {origin.code}",
        "played": first if first == last else f"{first} to {last}",
        "prompts": ", ".join(found.prompts), "n": f"{found.n} questions",
        "intervals": "95 %, paired bootstrap over questions made from the same seed together",
        "seconds": "time of the requests added up, as they were first made; arms share samples",
    }  # fmt: skip
    lines = (f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    return f"<dl>{''.join(lines)}</dl>"


def _table(found: Measures) -> str:
    """Lay out one row an arm; costs that no arm has are left out."""
    kinds = [
        (name, cell)
        for name, cell, of in _COSTS
        if any(of(arm) for arm in found.arms if not arm.derived)
    ]
    head = (
        "arm", "right", "95 %", f"minus {BASE}", "fixed / broken", "p (Holm)",
        *(name for name, _ in kinds), "of the gap", "ECE",
    )  # fmt: skip
    cells = [cell for _, cell in kinds]
    return _rows(head, (_arm_cells(arm, found, cells) for arm in found.arms))


_COSTS: tuple[tuple[str, Callable[[ArmMeasures], str], Callable[[ArmMeasures], object]], ...] = (
    ("tokens", lambda a: f"{a.tokens:,.0f}", lambda a: a.tokens),
    ("cached", lambda a: f"{a.tokens_cached:,.0f}", lambda a: a.tokens_cached),
    ("seconds p50", lambda a: _number(a.seconds_p50, ".1f"), lambda a: a.seconds_p50),
    ("p99", lambda a: _number(a.seconds_p99, ".1f"), lambda a: a.seconds_p99),
    ("first token s", lambda a: _number(a.first_token_s, ".2f"), lambda a: a.first_token_s),
    ("tokens/s", lambda a: _number(a.tokens_per_second, ".1f"), lambda a: a.tokens_per_second),
    ("$", lambda a: _number(a.usd, ".4f"), lambda a: a.usd),
    ("J", lambda a: _number(a.joules, ".0f"), lambda a: a.joules),
)
"""Columns of costs: name, cell, and what must be known of some arm for the column to be there."""


def _arm_cells(
    arm: ArmMeasures, found: Measures, costs: Sequence[Callable[[ArmMeasures], str]]
) -> list[str]:
    base = next((c for c in arm.comparisons if c.other == BASE), None)
    gap, changed, p, finding = "", "", "", ""
    if base is not None:
        d = base.difference
        finding = base.finding.replace(" ", "-")
        gap = f"{100 * d.mean:+.1f} ({100 * d.low:+.1f} to {100 * d.high:+.1f})"
        if base.mcnemar is not None:
            changed = f"{base.mcnemar.fixed} / {base.mcnemar.broken}"
        p = "" if base.p_holm is None else f"{base.p_holm:.3f}"
    star = " ★" if arm.name in found.front else ""
    cells = [
        f"{arm.name}{star}", f"{arm.accuracy:.1%}", f"{arm.low:.0%} to {arm.high:.0%}", gap,
        changed, p, *("" if arm.name == "oracle" else cost(arm) for cost in costs),
        "" if arm.gap_closed is None else f"{round(arm.gap_closed, 2) + 0:.0%}",
        _number(arm.calibration_error, ".2f"),
    ]  # fmt: skip
    marked = [f"<td>{escape(cell)}</td>" for cell in cells]
    marked[3] = f'<td class="{finding}">{escape(gap)}</td>'
    return marked


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _kinds(found: Measures) -> str:
    head = ("kind", "n", *(arm.name for arm in found.arms))
    return _rows(
        head,
        (
            [f"<td>{escape(kind)}</td>", f"<td>{n}</td>"]
            + [f"<td>{arm.by_kind.get(kind, 0):.0%}</td>" for arm in found.arms]
            for kind, n in sorted(found.kinds.items())
        ),
    )


def _questions(rows: Sequence[Trial]) -> str:
    """List every question, each arm's verdict linked to its transcript."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    by = {(row.question, row.arm): row for row in rows}
    ids = list(dict.fromkeys(row.question for row in rows))
    body = ([f"<td>{escape(i)}</td>", *(_verdict(by.get((i, arm))) for arm in arms)] for i in ids)
    table = _rows(("question", *arms), body)
    return f"<details><summary>{len(ids)} questions</summary>{table}</details>"


def _verdict(row: Trial | None) -> str:
    if row is None:
        return "<td></td>"
    mark, kind = ("right", "win") if row.right else ("wrong", "loss")
    if not row.run:  # somebody else's program, which leaves no transcript of ours
        return f'<td class="{kind}" title="{escape(row.reason)}">{mark}</td>'
    link = f"runs/{row.run}/transcript.jsonl"
    return (
        f'<td class="{kind}"><a href="{escape(link)}" title="{escape(row.reason)}">{mark}</a></td>'
    )


def _rows(head: Iterable[str], body: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(cells)}</tr>" for cells in body)
    return f'<div class="scroll"><table><tr>{top}</tr>{lines}</table></div>'


def _picture(svg: str) -> str:
    return f'<div class="picture">{svg}</div>'
