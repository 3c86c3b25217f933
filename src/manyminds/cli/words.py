"""Writing an answer down: for people, and as JSON."""

import json
import sys
from dataclasses import asdict

from manyminds.cli.view import money, safe
from manyminds.core.messages import JsonValue
from manyminds.core.values import Answer, Citation, Cost, Evidence, Spend
from manyminds.runtime.ask import Asked

__all__ = [
    "answer_as_json",
    "answer_as_text",
    "as_json_line",
    "cost_as_json",
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
        return safe(_headline(answer))
    lines = [_headline(answer), ""]
    if answer.confidence is not None:
        checked = "" if _checked(answer) else ", unchecked: no tool or passage backs it"
        fitted = (
            "" if answer.stated is None else f", fitted on your labels from {answer.stated:.0%}"
        )
        how = answer.how or "as proposed"
        lines.append(f"confidence  {answer.confidence:.0%}{fitted} ({how}){checked}")
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


def _headline(answer: Answer) -> str:
    if answer.text is None:
        return "No answer."
    if answer.outcome == "partial":
        return f"No answer stands. The best there is: {answer.text}"
    return answer.text


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


def answer_as_json(asked: Asked) -> dict[str, JsonValue]:
    """Return the one object that `--json` prints."""
    answer = asked.answer
    return {
        "run": asked.run,
        "outcome": answer.outcome,
        "answer": {
            "text": answer.text,
            "canonical": answer.canonical,
            "confidence": answer.confidence,
            "stated": answer.stated,
            "reason": answer.reason,
            "author": answer.author,
            "how": answer.how,
            "disagreement": answer.disagreement,
            "claims": [
                {"text": c.text, "support": c.support, "evidence": list(c.evidence)}
                for c in answer.claims
            ],
            "evidence": [asdict(e) for e in answer.evidence],
            "citations": [_citation(c) for c in answer.citations],
            "dissent": [asdict(d) for d in answer.dissent],
        },
        **({} if answer.report is None else {"report": asdict(answer.report)}),
        "strategy": asked.strategy,
        "prompts": asked.prompts,
        "members": [asdict(member) for member in asked.members],
        "cost": cost_as_json(asked.cost),
        "missing": list(answer.missing),
        "stopped_by": asked.stopped_by,
        "transcript": str(asked.transcript),
    }


def as_json_line(asked: Asked) -> str:
    """Return the object that `--json` prints, as one line."""
    return json.dumps(answer_as_json(asked), ensure_ascii=False)


def _citation(citation: Citation) -> dict[str, JsonValue]:
    return asdict(citation)


def cost_as_json(cost: Cost) -> dict[str, JsonValue]:
    """Return a receipt; unknown is null."""
    spend = cost.spend
    return {
        "tokens_in": spend.tokens_in,
        "tokens_cached": spend.tokens_cached,
        "tokens_written": spend.tokens_written,
        "tokens_out": spend.tokens_out,
        "tokens_reasoning": spend.tokens_reasoning,
        "usd": None if spend.usd is None else float(spend.usd),
        "seconds": round(cost.seconds, 3),
        "kwh_low": spend.kwh_low,
        "kwh_high": spend.kwh_high,
        "kwh_by": list(spend.kwh_by),
        "estimated": spend.estimated,
    }
