"""Tests written by other members, kept only where two of them wrote the same.

Source: Chen et al. 2022, CodeT: Code Generation with Generated Tests. A model's tests are as often
wrong as its programs; what two wrote apart is wrong less often.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass

from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError, RunCancelled
from manyminds.core.messages import ModelCall, Said
from manyminds.core.protocols import Run
from manyminds.core.values import Candidate, Failure, Member, Task, Verdict
from manyminds.judging.code.calls import main_function
from manyminds.judging.code.examples import Example, examples_in
from manyminds.judging.verifiers.programs import UnitTests

__all__ = ["MemberTests"]

_TOKENS = 500


@dataclass(kw_only=True)
class MemberTests:
    """Accepts a program that passes the tests on which two other members agree.

    Cost: one request an author, once for all candidates.
    """

    run: Run
    authors: tuple[Member, ...]
    count: int = 6
    """Tests asked of each author."""
    agree: int = 2
    """Authors who must have written the same test."""
    name: str = "member_tests"
    _writing: "asyncio.Future[dict[str, list[Example]]] | None" = None

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Run the tests of everybody but the candidate's author."""
        function = main_function(task.prompt, [candidate.text])
        if function is None:
            why = "it defines no function"
            return Verdict(outcome="rejected", reason=why, verifier=self.name)
        written = await self._write(task, function)
        counted = Counter(
            test
            for author, tests in written.items()
            if author != candidate.author
            for test in set(tests)
        )
        values = Counter(test.call for test, votes in counted.items() if votes >= self.agree)
        kept = tuple(
            test
            for test, votes in counted.items()
            if votes >= self.agree and values[test.call] == 1  # two values for a call: neither
        )
        if not kept:
            why = "no two members wrote the same test"
            return Verdict(outcome="unsure", reason=why, verifier=self.name)
        return await UnitTests(run=self.run, tests=kept, name=self.name).verify(task, candidate)

    async def _write(self, task: Task, function: str) -> dict[str, list[Example]]:
        """Let the authors write, all at once and only once; one that fails has written none.

        Who comes while they write waits for what they write.
        """
        if self._writing is not None:
            return await asyncio.shield(self._writing)
        self._writing = asyncio.get_running_loop().create_future()
        try:
            found = await self.run.gather([self._ask(task, a, function) for a in self.authors])
        except BaseException:
            if not self._writing.done():
                self._writing.set_exception(RunCancelled("whoever wrote the tests was ended"))
                self._writing.exception()  # nobody may be waiting
            self._writing = None
            raise
        pairs = zip(self.authors, found, strict=True)
        written = {a.name: [] if isinstance(t, Failure) else t for a, t in pairs}
        self._writing.set_result(written)
        return written

    async def _ask(self, task: Task, author: Member, function: str) -> list[Example]:
        text = prompt("write_tests", question=task.prompt, count=str(self.count))
        call = ModelCall(
            messages=(Said(role="user", text=text),), max_tokens=_TOKENS, temperature=0.7,
            seed=self.run.seed(author), purpose="check",
        )  # fmt: skip
        try:
            reply = await self.run.request(author, call)
        except ProviderError:
            return []
        return examples_in(reply.text, [function])
