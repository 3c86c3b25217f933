"""A hand that was shown: a small classifier over what could be done next, fitted on demonstrations.

Each step of a demonstration is a choice among all that the page offered; logistic regression on
how a candidate stands to the instruction says which it is. It costs no request, and where it is
not sure it says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manyminds.core.errors import UsageError
from manyminds.judging.logistic import fit_logistic
from manyminds.recommend.doing.pilot.candidates import WIDTH, candidates, features, shown_after
from manyminds.recommend.doing.pilot.directive import CHUNK, Directive, said_of
from manyminds.recommend.doing.pilot.explore import Planner, Turn
from manyminds.recommend.doing.pilot.view import View
from manyminds.recommend.doing.pilot.ways import Blanks, Demonstration, Way
from manyminds.recommend.doing.plan import Step

__all__ = [
    "Choice", "LearnedHand", "LearnedPlanner", "choices_of", "learn", "trusted_hand", "way_of",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
SURE = 0.8
"""How likely a step has to be, of all that could be done, to be done without asking."""
_PULL = 0.02
"""Ridge."""
_MOST = 12
"""Steps on one page: what goes on for longer goes in a circle."""
_PROOF, _RIGHT = 10, 0.95
"""Steps it has to have been sure of in later ways than it was fitted on, and share of them that has
to be right, before it is used."""


@dataclass(frozen=True)
class Choice:
    """One moment of a demonstration: what could have been done, and what was."""

    steps: list[Step | None]
    rows: Floats
    taken: int | None
    """Place of what was done; `None` where it was none of the candidates."""


def choices_of(one: Demonstration) -> list[Choice]:
    """Take a demonstration apart, step by step; that it was over is its last choice."""
    found: list[Choice] = []
    view, done = one.view, list[Step]()
    for step in (*one.steps, None):
        steps = candidates(one.instruction, view)
        plain = None if step is None else Step(kind=step.kind, what=step.what, value=step.value)
        taken = steps.index(plain) if plain in steps else None
        found.append(Choice(steps, features(one.instruction, view, done, steps), taken))
        if plain is not None:
            view = shown_after(view, plain)
            done.append(plain)
    return found


def learn(choices: Sequence[Choice]) -> Floats:
    """Fit the weights of what speaks for a step, WIDTH of them."""
    known = [choice for choice in choices if choice.taken is not None]
    if not known:
        return np.zeros(WIDTH)
    x = np.concatenate([choice.rows for choice in known])
    y = np.concatenate([np.arange(len(c.steps)) == c.taken for c in known]).astype(np.float64)
    return fit_logistic(x, y, np.full(WIDTH, _PULL))


@dataclass(frozen=True, kw_only=True)
class LearnedHand:
    """Does on a page what was shown on others."""

    weights: Floats
    sure: float = SURE
    """How likely each of its steps has to be; 0: the likeliest is done, whatever it is."""

    async def __call__(self, instruction: str, view: View) -> tuple[Step, ...]:
        """Return the steps that an instruction comes to on a page.

        Raises:
            UsageError: If it is not sure of one of them.
        """
        steps, whole = self.steps(instruction, view)
        if not whole:
            raise UsageError(f"nobody has shown how this is done: {instruction[:80]!r}")
        return steps

    def steps(self, instruction: str, view: View) -> tuple[tuple[Step, ...], bool]:
        """Return the steps that it is sure of, and whether those are all of them."""
        done: list[Step] = []
        for _ in range(_MOST):
            step, chance = self.next_step(instruction, view, done)
            if step is None or chance < self.sure:
                return tuple(done), step is None and chance >= self.sure
            done.append(step)
            view = shown_after(view, step)
        return tuple(done), False

    def next_step(
        self, instruction: str, view: View, done: Sequence[Step]
    ) -> tuple[Step | None, float]:
        """Return the likeliest next step, and how likely it is among all there are."""
        steps = candidates(instruction, view)
        best, chance = _likeliest(features(instruction, view, done, steps), self.weights)
        return steps[best], chance


def trusted_hand(ways: Sequence[Way]) -> LearnedHand | None:
    """Return a hand fitted on ways to one goal; `None` where they do not prove that it is any good.

    Each way is asked for by those before it, step by step; that a page is over does not count.
    """
    choices = [[c for page in way.pages for c in choices_of(page)] for way in ways]
    right: list[bool] = []
    for place in range(1, len(ways)):
        weights = learn([c for way in choices[:place] for c in way])
        for choice in choices[place]:
            best, chance = _likeliest(choice.rows, weights)
            if choice.taken != 0 and chance >= SURE:
                right.append(best == choice.taken)
    if len(right) < _PROOF or sum(right) < _RIGHT * len(right):
        return None
    return LearnedHand(weights=learn([c for way in choices for c in way]))


@dataclass(frozen=True, kw_only=True)
class LearnedPlanner:
    """Says what is next as it was shown; what was not, or went wrong, another planner says."""

    hand: LearnedHand
    goal: str
    blanks: Blanks
    other: Planner

    async def __call__(self, view: View, turns: Sequence[Turn]) -> Directive:
        """Look at the page and say what is next."""
        if not turns or not (turns[-1].wrong or turns[-1].view == view):
            steps, _ = self.hand.steps(self.blanks.instruction(self.goal), self.blanks.hidden(view))
            said = said_of(self.blanks.filled(steps[:CHUNK]))
            # What the other one did otherwise since is not done once more.
            before = any(t.directive.as_shown and t.directive.next_step == said for t in turns)
            if steps and not before:
                return Directive(next_step=said, as_shown=True)
        return await self.other(view, turns)


def way_of(
    site: str, goal: str, blanks: Blanks, plan: str, turns: Sequence[Turn]
) -> Way | None:  # fmt: skip
    """Return what a search has shown; `None` where it only went the way that others had shown.

    Args:
        site: Where.
        goal: What was wanted.
        blanks: What was given to be filled in.
        plan: Digest of what came of it.
        turns: All of the search.
    """
    if any(turn.directive.as_shown for turn in turns):
        return None  # it would prove itself
    instruction = blanks.instruction(goal)
    pages = tuple(
        Demonstration(
            instruction=instruction, view=blanks.hidden(turn.view),
            steps=tuple(blanks.blank(step) for step in turn.done),
        )
        for turn in turns
        if turn.view is not None and turn.done and not turn.wrong
    )  # fmt: skip
    return Way(site=site, goal=blanks.goal(goal), plan=plan, pages=pages)


def _likeliest(rows: Floats, weights: Floats) -> tuple[int, float]:
    """Return the place of the likeliest candidate, and how likely it is among all there are."""
    scores = rows @ weights
    best = int(np.argmax(scores))
    return best, float(1 / np.exp(scores - scores[best]).sum())
