"""Brief: one request for the answer alone.

Source: that what a model draws goes by the tokens it writes is Dauner and Socher 2025, Energy costs
of communicating with AI (Frontiers in Communication).
"""

from dataclasses import dataclass

from manyminds.agents.asking import asks_for_code, asks_for_text
from manyminds.core.protocols import Run
from manyminds.core.values import Answer
from manyminds.strategies.majority import Unchecked
from manyminds.strategies.panel import Panel
from manyminds.strategies.self_consistency import VOTES_ONLY
from manyminds.strategies.single import Single

__all__ = ["Brief"]


@dataclass(frozen=True, kw_only=True)
class Brief:
    """Asks one member once for the answer alone, without working.

    Programs and texts are written as ever.

    Models that can reason first are told not to (`registry.thinking_for`).

    Cost: one request of a few output tokens.
    """

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        if run.task.schema_json is not None:  # a form is asked for: one request in that
            return await Single(turns=1)(run)
        panel = Panel(run=run, verifier=Unchecked())
        asked = run.task.prompt
        form = "code" if asks_for_code(asked) else "text" if asks_for_text(asked) else "brief"
        panel.enter("answer", "one member answers in a few words")
        for member in run.members:  # the next one where the first is dead
            await panel.sample([member], temperature=lambda _place: 0.0, form=lambda _place: form)
            if panel.notes or panel.stopped:
                break
        return panel.deliver(panel.weighed(VOTES_ONLY), how="one member's answer, without working")
