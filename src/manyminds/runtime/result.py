"""What came of a question, as JSON and in a line: the same words at every door."""

from dataclasses import asdict

from manyminds.core.messages import JsonValue
from manyminds.core.values import Answer, Citation, Cost, Report
from manyminds.research.balance import balance_of
from manyminds.runtime.ask import Asked

__all__ = ["answer_as_json", "cost_as_json", "headline"]


def headline(answer: Answer) -> str:
    """Return the answer's text, or what there is in its place."""
    if answer.text is None:
        return "No answer."
    if answer.outcome == "partial":
        return f"No answer stands. The best there is: {answer.text}"
    return answer.text


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
        **({} if answer.report is None else {"report": _report(answer, answer.report)}),
        "strategy": asked.strategy,
        "prompts": asked.prompts,
        "members": [asdict(member) for member in asked.members],
        "cost": cost_as_json(asked.cost),
        "missing": list(answer.missing),
        "stopped_by": asked.stopped_by,
        "transcript": str(asked.transcript),
    }


def _report(answer: Answer, report: Report) -> dict[str, JsonValue]:
    balance: list[JsonValue] = [asdict(share) for share in balance_of(answer, report).shares]
    return {**asdict(report), "balance": balance}


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
        "by_member": {
            name: {
                "tokens_in": one.tokens_in, "tokens_out": one.tokens_out,
                "usd": None if one.usd is None else float(one.usd),
            }
            for name, one in cost.by_member.items()
        },
    }  # fmt: skip
