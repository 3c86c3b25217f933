"""Every error this package raises, in one tree.

ManymindsError
├── UsageError             the caller must change the call
│   ├── UnknownName        no strategy, tool, model or run has that name
│   └── RunBusy            another process is at work on that run
├── RunError               the run ended without an answer; its transcript is kept
│   ├── BudgetExceeded     a limit of the budget was reached
│   ├── RunCancelled       somebody asked the run to end with what is there
│   ├── Dropped            somebody asked for this part of it to end
│   └── NoCandidate        every member failed
├── ProviderError          a service outside failed; `retry_after_s` may be set
├── ToolError              told to the model, which may do something about it
│   ├── ToolRetry          the call was wrong; the message says how to mend it
│   └── ToolFailed         the tool cannot do it, now or ever
└── RecordError            a stored transcript cannot be read or written
    ├── ReplayDiverged     a run taken up again did not do what it had done
    └── RunTaken           another machine has taken the run up meanwhile

Errors carry data, and a message of one line that says what to do.
"""

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal

__all__ = [
    "BudgetExceeded",
    "Dropped",
    "LimitName",
    "ManymindsError",
    "NoCandidate",
    "ProviderError",
    "RecordError",
    "ReplayDiverged",
    "RunBusy",
    "RunCancelled",
    "RunError",
    "RunTaken",
    "ToolError",
    "ToolFailed",
    "ToolRetry",
    "UnknownName",
    "UsageError",
]

LimitName = Literal["usd", "tokens", "seconds"]


class ManymindsError(Exception):
    """Base class: catch this to catch everything the package raises."""


class UsageError(ManymindsError):
    """The call was wrong; the message says what to write instead."""


class UnknownName(UsageError):
    """Nothing is registered under that name; the nearest ones are offered.

    Args:
        kind: What was looked for, as a word for people: "strategy", "tool", "model".
        name: What was asked for.
        known: The names there are.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names) or 'none'}"
        super().__init__(f"no {kind} {name!r}; {hint}")
        self.kind = kind
        self.name = name
        self.nearest = near[0] if near else None


class RunBusy(UsageError):
    """Another process is at work on the run; two would pay twice."""


class RunError(ManymindsError):
    """The run ended without an answer."""


class BudgetExceeded(RunError):
    """A limit was reached before the next step could be paid for.

    Args:
        limit: Which limit, named by its unit.
        allowed: The limit itself.
        spent: What had been spent or set aside when the step was refused.
    """

    def __init__(self, limit: LimitName, *, allowed: Decimal, spent: Decimal) -> None:
        super().__init__(f"{limit} limit reached: {spent:f} of {allowed:f} spent or set aside")
        self.limit: LimitName = limit
        self.allowed = allowed
        self.spent = spent


class RunCancelled(RunError):
    """Somebody asked the run to end with what is there."""


class Dropped(RunError):
    """Somebody asked for one part of the work to end; the rest goes on."""


class NoCandidate(RunError):
    """Every member failed; the message names the failures."""


class ProviderError(ManymindsError):
    """A model service failed, or gave something that is no answer.

    Args:
        message: One line: which service, what happened, what to do.
        status: HTTP status, where there was one.
        retry_after_s: Seconds the service asked us to wait.
        retryable: Whether the same request may succeed later.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.retryable = retryable


class ToolError(ManymindsError):
    """A tool could not do what it was asked; the model reads the message."""


class ToolRetry(ToolError):
    """The call was wrong; the message says how to mend it."""


class ToolFailed(ToolError):
    """The tool cannot do this; calling it again the same way is no use."""


class RecordError(ManymindsError):
    """A stored transcript cannot be read or written; the message names file and line.

    It ends a run whatever else is going on: what cannot be recorded must not be paid for.
    """


class ReplayDiverged(RecordError):
    """A run that was taken up again did something else than its transcript says it had done."""


class RunTaken(RecordError):
    """Another machine has taken the run up; what is done here from now on is not kept."""
