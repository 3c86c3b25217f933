"""Mixture of agents: layers of members, each seeing the layer before; one of them writes the end.

Source: Wang et al. 2024, Mixture-of-Agents Enhances Large Language Model Capabilities. That several
samples of one good model often do better than a mix of several models is Li et al. 2025, Rethinking
Mixture-of-Agents; so one model is the default here, and a panel may still mix.
"""

from dataclasses import dataclass, replace

from manyminds.agents.prompts import prompt
from manyminds.agents.sample import Conversation
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Failure, Member, Note
from manyminds.strategies.panel import Panel
from manyminds.strategies.tally import fitting_verifier, tallied

__all__ = ["Mixture"]


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Lets members propose, then aggregates their proposals.

    Cost: `layers` requests a member and one to aggregate, each after the first reading all the
    proposals of the layer before.
    """

    layers: int = 1
    """Layers of proposals before the aggregation."""
    temperature: float = 0.7

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=fitting_verifier(run))
        panel.enter("propose", f"{len(run.members)} propose")
        await panel.sample(run.members, temperature=lambda _place: self.temperature)
        for layer in range(2, self.layers + 1):
            if panel.stopped or len(panel.notes) < 2:
                break
            panel.enter("propose", "members see all proposals", round_=layer)
            await self._again(panel, layer)
        weighed = tallied(panel)
        if panel.stopped or len(panel.notes) < 2:
            return panel.deliver(weighed, how="there was nothing to aggregate")
        panel.enter("aggregate", "one writes the end", round_=self.layers + 1)
        note = await self._aggregate(panel)
        if note is None:
            return panel.deliver(tallied(panel), how="most proposals; the aggregation failed")
        how = f"aggregated from {len(panel.notes) - 1} proposals"
        return panel.deliver(panel.led_by(note, tallied(panel)), how=how)

    async def _again(self, panel: Panel, layer: int) -> None:
        proposals = panel.proposals()
        talks = [
            self._told(panel, talk.member, proposals, self.temperature)
            for talk in panel.talks.values()
        ]
        jobs = [panel.draw(talk, round_=layer) for talk in talks]
        for talk, result in zip(talks, await panel.run.gather(jobs), strict=True):
            if isinstance(result, Failure):
                panel.failures[f"{talk.member.name}, layer {layer}"] = result

    async def _aggregate(self, panel: Panel) -> Note | None:
        member = replace(panel.run.members[0], name=panel.run.new_id("aggregator"))
        talk = self._told(panel, member, panel.proposals(), 0.0)
        [result] = await panel.run.gather([panel.draw(talk, round_=self.layers + 1)])
        if isinstance(result, Failure):
            panel.failures[member.name] = result
            return None
        return result

    def _told(
        self, panel: Panel, member: Member, proposals: str, temperature: float
    ) -> Conversation:
        talk = Conversation.begin(panel.run, member, temperature=temperature)
        talk.say(prompt("mixture", proposals=proposals))
        return talk
