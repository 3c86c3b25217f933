"""Flags of a question that say how answers are judged."""

from dataclasses import dataclass

from cyclopts import Parameter

from manyminds.core.errors import UsageError

__all__ = ["UNSAID", "JudgeFlags"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class JudgeFlags:
    """What decides between answers, and below what confidence one only stands as a part."""

    verifier: str | None = None
    """NAME or NAME:ARGUMENT of what best_of_n accepts answers by, like pattern:[0-9]+."""
    ranker: str | None = None
    """What decides between answers of best_of_n that stand level, like pairwise."""
    abstain: float | None = None
    """Confidence, 0 to 1, below which the answer is only shown as a partial one."""

    def checked(self) -> "JudgeFlags":
        """Return them.

        Raises:
            UsageError: If the confidence is none.
        """
        if self.abstain is not None and not 0 <= self.abstain <= 1:
            raise UsageError(f"--abstain takes 0 to 1, not {self.abstain}")
        return self


UNSAID = JudgeFlags()
