"""Crew: roles with their own words, tools and rights work in turn until the verifier approves.

Source: roles that work in turn are those of Hong et al. 2023, MetaGPT. Here only the verifier may
end the work, and its rounds are capped: crews that may go on for ever do, and crews without a real
check end too early (Cemri et al. 2025, Why Do Multi-Agent LLM Systems Fail?).
"""

from dataclasses import dataclass

from manyminds.agents.roles import PRESETS, Role
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Failure
from manyminds.strategies.panel import Panel
from manyminds.strategies.tally import fitting_verifier, tallied
from manyminds.strategies.team import Team

__all__ = ["Crew"]


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Lets a team of roles work a task until its verifier approves, or the rounds are over.

    Cost: a round is one to four requests a role. What the task itself brings to check by (examples,
    steps) is checked first and costs none; a model verifies only what that leaves open.
    """

    roles: tuple[Role, ...] = PRESETS["solver-coder-verifier"]
    rounds: int = 3
    verification: bool = True
    """Whether those who answer are told to check their result once before they do."""
    turns: int = 4
    doubt: str | None = None
    """Why its verifier may not decide; `None`: it may. What the task itself brings still does."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        team = Team(
            run=run, panel=Panel(run=run, verifier=fitting_verifier(run)), roles=self.roles,
            verification=self.verification, turns=self.turns, doubt=self.doubt,
        )  # fmt: skip
        for round_ in range(1, self.rounds + 1):
            team.panel.enter("crew", team.why, round_=round_)
            [approved] = await run.gather([team.round(round_)])
            if isinstance(approved, Failure):
                team.panel.failures[f"crew, round {round_}"] = approved
                break
            if approved is not None:
                how = f"approved by the {team.ending.name} in round {round_}"
                weighed = team.panel.led_by(approved, tallied(team.panel))
                return team.panel.deliver(weighed, how=how)
            if team.unjudged:
                # Nobody may say what is wrong with it: another round has nothing new to go by.
                return team.panel.deliver(tallied(team.panel), how=str(self.doubt), stands=False)
        how = f"not approved in {self.rounds} rounds"
        return team.panel.deliver(tallied(team.panel), how=how, stands=False)
