"""Many runs at once: which failures there are, how often, what they cost, and when."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.diagnose import Diagnosis
from manyminds.diagnosis.modes import MODES

__all__ = ["Many"]


@dataclass
class Many:
    """What was found in runs that were diagnosed one after the other."""

    runs: int = 0
    clean: int = 0
    """Runs in which nothing was found."""
    by_code: Counter[str] = field(default_factory=Counter[str])
    """Runs in which a code was found."""
    decisive: Counter[str] = field(default_factory=Counter[str])
    by_day: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict[str, Counter[str]](Counter)
    )
    told: Counter[str] = field(default_factory=Counter[str])
    """Words to members while they worked, by what they were to prevent."""
    heeded: Counter[str] = field(default_factory=Counter[str])
    tokens: Counter[str] = field(default_factory=Counter[str])
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))
    usd: defaultdict[str, Decimal] = field(
        default_factory=lambda: defaultdict[str, Decimal](Decimal)
    )

    def add(self, found: Diagnosis, began: str | None) -> None:
        """Count one run more."""
        self.runs += 1
        self.clean += not found.findings
        for code in {finding.code for finding in found.findings}:
            self.by_code[code] += 1
            self.by_day[(began or "unknown")[:10]][code] += 1
        if found.decisive is not None:
            self.decisive[found.decisive.code] += 1
        for word in found.told:
            self.told[word.code] += 1
            self.heeded[word.code] += word.heeded is True
        for one in found.findings:
            self.tokens[one.code] += one.tokens or 0
            self.seconds[one.code] += one.seconds or 0.0
            self.usd[one.code] += one.usd or Decimal(0)

    def rows(self) -> Iterable[dict[str, JsonValue]]:
        """Return a row for each code, the commonest first. What no source tells is `None`."""
        for code, runs in self.by_code.most_common():
            yield {
                "code": code, "name": MODES[code].name, "runs": runs,
                "share": round(runs / self.runs, 4), "decisive": self.decisive[code],
                "tokens": self.tokens[code] or None,
                "usd": str(self.usd[code]) if self.usd[code] else None,
                "seconds": round(self.seconds[code], 1) or None, "prevents": MODES[code].prevents,
            }  # fmt: skip

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as plain values."""
        days: dict[str, JsonValue] = {
            day: dict(counts.most_common()) for day, counts in sorted(self.by_day.items())
        }
        told: dict[str, JsonValue] = {
            code: {"told": count, "heeded": self.heeded[code]}
            for code, count in self.told.most_common()
        }
        return {
            "runs": self.runs, "clean": self.clean, "codes": list(self.rows()), "days": days,
            "told": told,
        }  # fmt: skip
