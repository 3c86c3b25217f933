"""A diagnosis as JSON, and as SARIF 2.1.0, which CI systems show beside a change."""

from collections.abc import Sequence

from manyminds.core.messages import JsonValue
from manyminds.core.values import VERSION
from manyminds.diagnosis.diagnose import Diagnosis
from manyminds.diagnosis.disagreement import Disagreement
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.modes import MODES, WASTES
from manyminds.diagnosis.repairs import proposed
from manyminds.diagnosis.trace import Trace

__all__ = ["as_json", "as_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(found: Diagnosis, trace: Trace) -> dict[str, JsonValue]:
    """Return a diagnosis as plain values."""
    return {
        "run": found.name, "source": found.source, "acts": found.acts,
        "findings": [_finding(one, trace) for one in found.findings],
        "decisive": None if found.decisive is None else _finding(found.decisive, trace),
        "disagreement": _differing(found.disagreement),
        "told": [
            {"step": one.step, "member": one.member, "code": _code(one.code), "heeded": one.heeded}
            for one in found.told
        ],
    }  # fmt: skip


def _differing(found: Disagreement | None) -> JsonValue:
    if found is None:
        return None
    parts = {
        "score": found.score, "first": found.first, "last": found.last, "objected": found.objected,
    }  # fmt: skip
    return {name: None if one is None else round(one, 3) for name, one in parts.items()}


def _finding(one: Finding, trace: Trace) -> dict[str, JsonValue]:
    mode, repair = MODES[one.code], proposed(trace, one)
    fix: JsonValue = None
    if repair is not None:
        fix = {"name": repair.name, "says": repair.says, "hint": repair.hint}
    return {
        "code": _code(one.code), "name": mode.name, "step": one.step, "member": one.member,
        "evidence": one.evidence, "why": one.why,
        "confidence": round(one.confidence, 3), "by": one.by,
        "prevents": mode.prevents, "fix": fix, "also": list(one.also), "tokens": one.tokens,
        "usd": None if one.usd is None else str(one.usd),
        "seconds": None if one.seconds is None else round(one.seconds, 3),
    }  # fmt: skip


def _code(code: str) -> str:
    return code if code in WASTES else f"FM-{code}"


def as_sarif(found: Sequence[Diagnosis]) -> dict[str, JsonValue]:
    """Return diagnoses as one SARIF run; a step stands as a line of the run's own file."""
    used = dict.fromkeys(finding.code for one in found for finding in one.findings)
    rules: list[JsonValue] = [
        {
            "id": code, "name": MODES[code].name,
            "shortDescription": {"text": MODES[code].means},
            "help": {"text": MODES[code].prevents},
        }
        for code in used
    ]  # fmt: skip
    results: list[JsonValue] = [
        {
            "ruleId": finding.code, "level": "note" if finding.code in WASTES else "warning",
            "message": {"text": f"{finding.member}: {finding.why}: {finding.evidence!r}"},
            "rank": round(100 * finding.confidence, 1),
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": one.name},
                        "region": {"startLine": finding.step + 1},
                    }
                }
            ],
        }
        for one in found
        for finding in one.findings
    ]  # fmt: skip
    driver: dict[str, JsonValue] = {
        "name": "manyminds diagnose",
        "version": VERSION,
        "rules": rules,
    }
    return {
        "$schema": _SCHEMA, "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }  # fmt: skip
