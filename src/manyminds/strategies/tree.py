"""Tree of thoughts: propose steps, value them, go on with the best; breadth or depth first.

Source: Yao et al. 2023, Tree of Thoughts: Deliberate Problem Solving with Large Language Models
(NeurIPS).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.agents.sample import draft_of, read_answer
from manyminds.core.errors import ProviderError
from manyminds.core.messages import JsonSchema
from manyminds.core.protocols import Run, Verifier
from manyminds.core.values import Answer, Failure
from manyminds.strategies.panel import Panel
from manyminds.strategies.tally import fitting_verifier, tallied
from manyminds.tools.fence import fence

__all__ = ["Tree"]


@dataclass(frozen=True, kw_only=True)
class _State:
    """A path from the root: the steps so far, and how good the last look found it."""

    steps: tuple[str, ...] = ()
    value: float = 0.0

    @property
    def text(self) -> str:
        """The path as one working."""
        return "\n".join(self.steps)

    @property
    def done(self) -> bool:
        """Whether it ends in an answer."""
        return bool(self.steps) and read_answer(self.steps[-1], code=False) is not None


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Searches for a path of steps that ends in an answer.

    It ends with the first path whose answer is accepted; one whose answer is rejected is no reason
    to end.

    Cost: two requests (propose, value) a state that is opened, at most `breadth * depth` of them
    breadth first and `openings` depth first. It ends early with the best path when the budget does.
    """

    verifier: Callable[[Run], Verifier] = fitting_verifier
    """Judges each answer that a path ends in."""
    search: Literal["bfs", "dfs"] = "bfs"
    width: int = 3
    """Steps proposed from one state."""
    breadth: int = 2
    """States kept at each depth (breadth first)."""
    depth: int = 4
    prune: float = 3.0
    """States valued below this, of 10, are not gone on with."""
    openings: int = 12
    """States opened at most (depth first)."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=self.verifier(run))
        search = self._breadth_first if self.search == "bfs" else self._depth_first
        [ended] = await run.gather([search(panel)])
        if isinstance(ended, Failure):
            panel.failures["search"] = ended
        return panel.deliver(tallied(panel), how=f"the best path of a {self.search} search")

    async def _breadth_first(self, panel: Panel) -> None:
        frontier = [_State()]
        for level in range(1, self.depth + 1):
            why = f"{len(frontier)} states are opened"
            panel.enter("expand", why, round_=level)
            opened = [s for state in frontier for s in await self._open(panel, state)]
            for state in opened:
                if state.done:
                    await self._take(panel, state, level)
            open_ = sorted((s for s in opened if not s.done), key=lambda s: -s.value)
            frontier = [s for s in open_ if s.value >= self.prune][: self.breadth]
            if not frontier or self._ended(panel):
                return

    async def _depth_first(self, panel: Panel) -> None:
        stack, opened = [_State()], 0
        while stack and opened < self.openings:
            state = stack.pop()
            opened += 1
            panel.enter("expand", f"depth {len(state.steps)}", round_=opened)
            found = await self._open(panel, state)
            for ended in (s for s in found if s.done):
                await self._take(panel, ended, opened)
                if self._ended(panel):
                    return
            better = sorted((s for s in found if not s.done), key=lambda s: s.value)
            within = [s for s in better if s.value >= self.prune and len(s.steps) < self.depth]
            stack.extend(within)

    def _ended(self, panel: Panel) -> bool:
        """Say whether an answer is accepted, or enough of them are there that may be right."""
        outcomes = [verdict.outcome for verdict in panel.verdicts.values()]
        enough = self.breadth if self.search == "bfs" else 1
        return "accepted" in outcomes or outcomes.count("unsure") >= enough

    async def _open(self, panel: Panel, state: _State) -> list[_State]:
        """Propose next steps from a state and value them."""
        run = panel.run
        path = fence(state.text or "nothing yet", source="steps so far")
        question = prompt("question", question=run.task.prompt)
        asked = prompt("tree_propose", question=question, path=path, width=str(self.width))
        steps = [str(s) for s in await _list(panel, asked, "steps", _texts(self.width), 0.8)]
        states = [
            _State(steps=(*state.steps, step)) for step in steps[: self.width] if step.strip()
        ]
        if not states:
            return []
        listed = "\n\n".join(f"{i}. {s.text}" for i, s in enumerate(states, 1))
        judged = prompt("tree_value", question=question, states=fence(listed, source="paths"))
        values = await _list(panel, judged, "values", _numbers(len(states)), 0.0)
        known = [float(v) if isinstance(v, int | float) else 5.0 for v in values]
        known += [5.0] * (len(states) - len(known))
        return [_State(steps=s.steps, value=v) for s, v in zip(states, known, strict=False)]

    async def _take(self, panel: Panel, state: _State, level: int) -> None:
        """Put a finished path before the panel as a member's note."""
        if len(panel.notes) < len(panel.run.members):
            member = panel.run.members[len(panel.notes)]
            await panel.put(draft_of(member, state.text), round_=level)


async def _list(
    panel: Panel, text: str, field: str, schema: JsonSchema, temperature: float
) -> Sequence[object]:
    """Ask the lead for a list; empty where nobody can be asked, or the reply cannot be read."""
    run = panel.run
    for lead in panel.leads():
        most = run.abilities(lead).output_tokens
        try:
            said = await inquire(
                run, lead, text, {field: schema}, max_tokens=most, purpose="work",
                temperature=temperature,
            )  # fmt: skip
        except ProviderError as error:
            panel.failures[lead.name] = Failure(kind=type(error).__name__, message=str(error))
            continue
        found = said.get(field)
        return found if isinstance(found, list) else []
    return []


def _texts(most: int) -> JsonSchema:
    return {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": most}


def _numbers(count: int) -> JsonSchema:
    one: JsonSchema = {"type": "integer", "minimum": 0, "maximum": 10}
    return {"type": "array", "items": one, "minItems": count, "maxItems": count}
