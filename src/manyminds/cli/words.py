"""Writing an answer down: for people, and as JSON."""

import json
import sys

from manyminds.cli.view import money, safe
from manyminds.core.values import Answer, Cost, Evidence, Spend
from manyminds.runtime.ask import Asked
from manyminds.runtime.result import answer_as_json, headline

__all__ = [
    "answer_as_text",
    "as_json_line",
    "cost_line",
    "notice",
]


def notice(line: str) -> None:
    """Tell people something beside the answer."""
    print(f"manyminds: {safe(line)}", file=sys.stderr, flush=True)


def answer_as_text(asked: Asked, *, only: bool = False) -> str:
    """Write the answer first, then confidence, support, dissent, what is missing, and the cost.

    With `only`, nothing but the answer: its text, or that there is none.
    """
    answer = asked.answer
    if only:
        return safe(headline(answer))
    lines = [headline(answer), ""]
    if answer.confidence is not None:
        checked = "" if _checked(answer) else ", unchecked: no tool or passage backs it"
        fitted = (
            "" if answer.stated is None else f", fitted on your labels from {answer.stated:.0%}"
        )
        how = answer.how or "as proposed"
        lines.append(f"confidence  {answer.confidence:.0%}{fitted} ({how}){checked}")
    elif answer.outcome == "answered" and answer.how and answer.report is None:
        lines.append(f"unchecked   {answer.how}")
    if answer.reason:
        lines.append(f"because     {_line(answer.reason)}")
    lines += _support(answer)
    lines += [
        f"dissent     {d.member} says {_line(d.answer, 80)}: {_line(d.reason, 160)}"
        for d in answer.dissent
    ]
    lines += [f"missing     {_line(text)}" for text in answer.missing]
    lines.append(f"cost        {cost_line(asked.cost)}")
    lines.append(
        f"run         {asked.run} (manyminds show {asked.run})"
        + (f", prompts {asked.prompts[:8]}" if asked.prompts else "")
    )
    return safe("\n".join(lines))


def _checked(answer: Answer) -> bool:
    return any(claim.support == "supported" for claim in answer.claims)


def _support(answer: Answer) -> list[str]:
    """Show what decided: code with its output, passages with file and line."""
    deciding = {
        i for claim in answer.claims if claim.support == "supported" for i in claim.evidence
    }
    lines: list[str] = []
    for evidence in answer.evidence:
        if evidence.id in deciding:
            lines += _evidence(evidence)
    lines += [
        f"against     {_line(claim.text, 200)}"
        for claim in answer.claims
        if claim.support == "contradicted"
    ]
    return lines


def _evidence(evidence: Evidence) -> list[str]:
    if evidence.source is not None:
        where = f"{evidence.source}:{evidence.line_start}"
        return [f"source      {where}", *_indent(evidence.output, 6)]
    ran = [f"ran         {evidence.tool}", *_indent(evidence.request, 14)]
    return [*ran, "printed", *_indent(evidence.output, 6)]


def _indent(text: str, most: int) -> list[str]:
    lines = [line for line in text.rstrip().splitlines() if line.strip()]
    shown = [f"    {line[:140]}" for line in lines[:most]]
    return shown if len(lines) <= most else [*shown, f"    … {len(lines) - most} more lines"]


def _line(text: str, most: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def cost_line(cost: Cost) -> str:
    """Write the receipt in a line."""
    spend = cost.spend
    cached = f"{spend.tokens_cached:,} cached"
    if spend.tokens_written:
        cached += f", {spend.tokens_written:,} written to the cache"
    tokens = f"{spend.tokens_in:,} in ({cached}) + {spend.tokens_out:,} out tokens"
    about = " (partly estimated)" if spend.estimated else ""
    return f"{tokens}{about}, {money(spend.usd)}, {cost.seconds:.1f} s, {_energy(spend)}"


def _energy(spend: Spend) -> str:
    if spend.kwh_low is None or spend.kwh_high is None:
        return "energy unknown"
    low, high = f"{spend.kwh_low * 1000:.2g}", f"{spend.kwh_high * 1000:.2g}"
    by = f", {' and '.join(spend.kwh_by)}" if spend.kwh_by else ""
    return f"{low if low == high else f'{low} to {high}'} Wh (estimate{by})"


def as_json_line(asked: Asked) -> str:
    """Return the object that `--json` prints, as one line."""
    return json.dumps(answer_as_json(asked), ensure_ascii=False)
