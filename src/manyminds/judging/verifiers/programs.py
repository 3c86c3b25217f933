"""Verifiers that run a candidate program in the sandbox and compare what its functions return."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from manyminds.agents.asking import asks_for_python
from manyminds.core.protocols import Run
from manyminds.core.values import Candidate, Task, Verdict
from manyminds.judging.code.calls import calls_for
from manyminds.judging.code.examples import Example
from manyminds.judging.code.outcomes import Outcome, can_run, outcomes_of, returned
from manyminds.judging.code.source import classes_in, functions_in, program_of, wrong_syntax
from manyminds.judging.guard import suspicions

__all__ = ["Differential", "Examples", "UnitTests"]


@dataclass(frozen=True, kw_only=True)
class UnitTests:
    """Accepts a program that returns what given tests expect, and does not game them."""

    run: Run
    tests: tuple[Example, ...]
    name: str = "unit_tests"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Make all the calls in one jail; expected results stay outside of it."""
        return await _judge(self.run, task, candidate, self.tests, self.name)


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Accepts a program that returns what the question's own examples say."""

    run: Run
    name: str = "examples"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Read the examples off the question and make their calls."""
        examples, _ = calls_for(task.prompt, candidate.text)
        return await _judge(self.run, task, candidate, examples, self.name)


async def _judge(
    run: Run, task: Task, candidate: Candidate, tests: Sequence[Example], name: str
) -> Verdict:
    program = program_of(task.prompt, candidate.text)
    if not functions_in(program):
        return _without_functions(task, program, tests, name)
    gamed = suspicions(program, tests)
    if gamed:
        return Verdict(outcome="rejected", reason=f"it games its tests: {gamed[0]}", verifier=name)
    if not tests or not can_run(run):
        why = "there is nothing to check it by" if not tests else "no program can be run here"
        return Verdict(outcome="unsure", reason=why, verifier=name)
    outcomes = await outcomes_of(run, program, [test.call for test in tests])
    if outcomes is None:
        why = "it ends with an error before it can be called"
        return Verdict(outcome="rejected", reason=why, verifier=name)
    return _compared(outcomes, tests, name)


def _without_functions(task: Task, program: str, tests: Sequence[Example], name: str) -> Verdict:
    """Judge a script, a class, another language: nothing to call is no fault, no Python may be."""
    wrong = wrong_syntax(program) if tests or asks_for_python(task.prompt) else None
    why = wrong or ("it defines no function" if tests and not classes_in(program) else None)
    if why is not None:
        return Verdict(outcome="rejected", reason=why, verifier=name)
    return Verdict(outcome="unsure", reason="it has no function to call", verifier=name)


def _compared(outcomes: Sequence[Outcome], tests: Sequence[Example], name: str) -> Verdict:
    for outcome, test in zip(outcomes, tests, strict=True):
        if not returned(outcome, test.expected):
            why = f"{test.call[:120]} must be {test.expected[:80]}, and is {outcome.shown[:80]}"
            return Verdict(outcome="rejected", reason=why, verifier=name)
    why = f"all {len(tests)} calls return what they must, like {tests[0].call[:80]}"
    return Verdict(outcome="accepted", reason=why, verifier=name)


@dataclass(frozen=True, kw_only=True)
class Differential:
    """Accepts a program that behaves like most of the others on generated calls.

    Agreement of programs written apart is evidence, not proof: they may share a mistake. Whoever is
    verified is one of the others for those who come later.
    """

    run: Run
    others: list[Candidate] = field(default_factory=list[Candidate])
    name: str = "differential"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Make the same calls of all of them; name the first call on which it is alone."""
        others = [other for other in self.others if other.author != candidate.author]
        self.others[:] = [*others, candidate]
        _, calls = calls_for(task.prompt, candidate.text)
        program = program_of(task.prompt, candidate.text)
        mine = await outcomes_of(self.run, program, calls) if can_run(self.run) else None
        if mine is None:
            runs = bool(calls) and can_run(self.run)
            why = "it ends with an error" if runs else "there is nothing to call, or to call it in"
            outcome = "rejected" if runs else "unsure"
            return Verdict(outcome=outcome, reason=why, verifier=self.name)
        theirs = [
            found
            for other in others
            if (found := await outcomes_of(self.run, program_of(task.prompt, other.text), calls))
        ]
        if not theirs:
            why = "no other program can be run on these calls"
            return Verdict(outcome="unsure", reason=why, verifier=self.name)
        for place, outcome in enumerate(mine):
            against = [o[place].shown for o in theirs if o[place].shown != outcome.shown]
            if len(against) * 2 > len(theirs):
                its, theirs_ = outcome.shown[:80], against[0][:80]
                why = f"{outcome.call[:120]}: it gives {its}, most others {theirs_}"
                return Verdict(outcome="rejected", reason=why, verifier=self.name)
        why = f"on {len(calls)} calls it does as most of {len(theirs)} others do"
        return Verdict(outcome="accepted", reason=why, verifier=self.name)
