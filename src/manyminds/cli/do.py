"""`manyminds do`: a plan carried out in a browser, with a yes to each act as it really is."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.view import safe
from manyminds.cli.way import WAYS, browser_on, given
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.recommend.dialogue import open_dialogue
from manyminds.recommend.doing.action import Action, Sent, card, origin_of
from manyminds.recommend.doing.browser import Executor, Outcome
from manyminds.recommend.doing.consent import LASTS_S, Consent
from manyminds.recommend.doing.pilot.ways import Ways
from manyminds.recommend.doing.plan import Plan, digest_of, plan_as_text, read_plan
from manyminds.recommend.doing.recipe import plan_from, site_of
from manyminds.recommend.doing.wallet import Wallet
from manyminds.recommend.memory.home import PROFILE
from manyminds.recommend.proxy import Proxy
from manyminds.runtime.paths import cache_home, person_home
from manyminds.runtime.remembering import memory_of

__all__ = ["do"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]
_MOST_ACTS = 10


def do(
    plan: Path | None = None,
    *,
    go_on: str | None = None,
    recipe: Path | None = None,
    with_: Annotated[Sequence[str], Parameter(name="--with")] = (),
    yes: str | None = None,
    at_most: str | None = None,
    name: str | None = None,
    mine_done: Flag = False,
    did_not_happen: Flag = False,
    profile: Path | None = None,
    me: Path | None = None,
    json_: Json = False,
) -> int:
    """Carry a plan out in a browser; nothing is sent before you have seen it and said yes.

    Without a terminal it stops at the act and prints its card; `--yes DIGEST` agrees to that act
    and no other one, once, within five minutes.

    Args:
        plan: A JSON file: goal, sites, steps, receipt, look, mark.
        go_on: Instead of a plan: do what was chosen in a dialogue of `recommend`, or in the `last`.
        recipe: With --go-on: how its site is used, YAML; the one in your folder `sites` that is for
            the option's site, where nothing is said.
        with_: With --go-on: what blanks of the recipe are filled with: people=2. Others come from
            what was chosen (title, link, id, day) and from PROFILE.md ("name: Ann").
        yes: The digest of the act that you agree to, as its card shows it.
        at_most: What it may cost, as "50.00 EUR": what costs more is not done, whatever you say to
            its card. It has to cover the highest of several prices without a total.
        name: What this is called: the same act of the same name is done once; where nothing is
            said, the name of the plan's file with a digest of what the plan says.
        mine_done: You have done the step that is yours (a person's) and that it waited at; it goes
            on behind it, and remembers.
        did_not_happen: You have looked: what was begun did not happen, and may be asked for again.
        profile: Folder of a Chromium profile that is signed in where it needs to be; a fresh one
            that is thrown away, where nothing is said.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    home = person_home(me)
    if (plan is None) == (go_on is None):
        raise UsageError("what is to be done? manyminds do PLAN.json | --go-on last")
    steps, called = _named(plan) if plan is not None else _chosen(home, go_on or "", recipe, with_)
    consent = Consent(home / "doing.sqlite", clock=time.time)
    if did_not_happen and not consent.forget(name or called):
        raise UsageError(f"nothing was begun as {name or called}")
    talks = not json_ and sys.stdin.isatty()
    if talks:
        _agree_to(steps)
    wallet = Wallet(home, clock=time.time)
    agreed = _Agreed(consent, wallet, name=name or called, at_most=at_most, goal=steps.goal)
    outcome = asyncio.run(_carry_out(steps, agreed, yes, profile, talks=talks, mine=mine_done))
    if outcome.state == "done":
        _remember(home, steps)
    if json_:
        print(json.dumps(_told(steps, outcome), ensure_ascii=False))
    else:
        print(safe(_as_text(steps, outcome)))
    return ANSWERED if outcome.state == "done" else NO_ANSWER


def _named(path: Path) -> tuple[Plan, str]:
    """Return a plan, and what it is called: another plan of that file's name is another act."""
    plan = read_plan(_text_of(path))
    return plan, f"{path.stem}-{digest_of(plan)[:8]}"


def _remember(home: Path, plan: Plan) -> None:
    """Say that the way to a plan led to its end; that only saves requests the next time."""
    with suppress(OSError):
        Ways(home / WAYS).confirm(digest_of(plan))


def _agree_to(plan: Plan) -> None:
    """Show the plan and ask whether it is the one."""
    sys.stderr.write(safe(f"{plan_as_text(plan)}\n\nIs this the plan? (yes/no) "))
    if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
        raise UsageError("nothing was done: the plan was not agreed to")


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8"
        raise UsageError(f"{path}: {why.lower()}") from error


def _chosen(home: Path, name: str, recipe: Path | None, said: Sequence[str]) -> tuple[Plan, str]:
    """Return the plan for what was chosen in a dialogue, and what the dialogue is called."""
    memory = memory_of(home)
    dialogue = open_dialogue(home / "dialogues", name, memory, Proxy(home, cache_home()))
    chosen = dialogue.view().chosen
    if chosen is None:
        raise UsageError(
            f"nothing is chosen in {dialogue.name}; manyminds recommend --go-on last --choose 1"
        )
    item = chosen.item
    if item.link is None:
        raise UsageError(f"{item.source} names no address (column url) of {item.title}")
    values = {
        key.strip(): Sent(value=value.strip(), origin="memory")
        for line in memory.lines(PROFILE)[0]
        for key, found, value in [line.text.partition(":")] if found
    }  # fmt: skip
    day = dialogue.steps()[0].day
    told = {"title": item.title, "link": item.link, "id": item.id}
    values |= {key: Sent(value=value, origin="catalogue") for key, value in told.items()}
    values["day"] = Sent(value=day, origin="person")
    values |= {key: Sent(value=value, origin="person") for key, value in given(said).items()}
    path = recipe or _recipe_for(home / "sites", item.link)
    return plan_from(_text_of(path), path.name, item.title, values), dialogue.name


def _recipe_for(folder: Path, link: str) -> Path:
    site = origin_of(link)
    for path in sorted(folder.glob("*.yaml")):
        if site_of(_text_of(path), path.name) == site:
            return path
    raise UsageError(f"no recipe for {site} in {folder}; docs/recommend.md shows one")


@dataclass(frozen=True)
class _Agreed:
    """What the person has said yes to: an act, and what it may cost."""

    consent: Consent
    wallet: Wallet
    _: KW_ONLY
    name: str
    goal: str
    at_most: str | None

    def sign(self, action: Action) -> None:
        """Sign a mandate for what pays, before the yes counts.

        Raises:
            UsageError: If it costs more than it may, or nobody knows what.
        """
        if action.kind == "pay":
            self.wallet.grant(action, self.goal, most=self.at_most, seconds=LASTS_S)


async def _carry_out(
    plan: Plan, agreed: _Agreed, yes: str | None, profile: Path | None, *, talks: bool, mine: bool
) -> Outcome:
    """Run the plan, and again after each yes, until it is done or no yes comes."""
    consent, name = agreed.consent, agreed.name
    async with browser_on(profile, plan.sites) as context:
        executor = Executor(context, consent, pays=agreed.wallet.pay)
        outcome = await executor.run(plan, name, mine_done=mine)
        for _ in range(_MOST_ACTS):
            action = outcome.action
            if outcome.state != "waiting" or action is None:
                break
            if talks:
                said = f"\n{card(action)}\n({outcome.why})\n\nDo exactly this? (yes/no) "
                sys.stderr.write(safe(said))
                line = (await asyncio.to_thread(sys.stdin.readline)).strip().casefold()
                if line not in ("y", "yes"):
                    break
                agreed.sign(action)
                consent.give(action, name)
            else:
                if yes == action.digest:
                    agreed.sign(action)  # first: what may not be paid gets no yes either
                if yes is None or not consent.agree(yes, action, name):
                    consent.show(action, name)
                    break
                yes = None
            outcome = await executor.run(plan, name, mine_done=mine)
        return outcome


def _as_text(plan: Plan, outcome: Outcome) -> str:
    if outcome.state == "done":
        rows = [f"Done{': ' + outcome.why if outcome.why else ''}", outcome.receipt]
        if outcome.done:
            count = f"{len(outcome.done)} of {len(plan.steps)} steps"
            rows.append(f"{count}, as planned; what was sent is what you said yes to")
        return "\n".join(rows)
    if outcome.state == "waiting" and outcome.action is not None:
        shown = card(outcome.action)
        return f"{shown}\n\n{outcome.why}; to agree: --yes {outcome.action.digest}"
    heads = {"person": "Your turn", "surprise": "Stopped", "unknown": "Look yourself"}
    what = heads.get(outcome.state, "Waiting")
    return f"{what}: {outcome.why} (after {len(outcome.done)} of {len(plan.steps)} steps)"


def _told(plan: Plan, outcome: Outcome) -> dict[str, JsonValue]:
    action = outcome.action
    return {
        "outcome": "answered" if outcome.state == "done" else "none", "cost": None,
        "state": outcome.state, "why": outcome.why, "receipt": outcome.receipt,
        "steps_done": len(outcome.done), "steps": len(plan.steps),
        "act": None if action is None else {"digest": action.digest, "card": card(action)},
    }  # fmt: skip
