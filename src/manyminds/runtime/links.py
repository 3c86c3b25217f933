"""Do the addresses of what is proposed answer? What does not is not proposed."""

import asyncio
from dataclasses import dataclass, field

from manyminds.core.errors import ToolFailed
from manyminds.recommend.deciding.decide import BACKUP_AMONG
from manyminds.recommend.deciding.weigh import Option
from manyminds.recommend.dialogue import Dialogue, View
from manyminds.tools.web.fetch import Fetcher, NotThere, Unreached

__all__ = ["Looked", "look_at_links"]

_ROUNDS = 5
"""How often what has moved up is looked at in turn."""


@dataclass(kw_only=True)
class Looked:
    """What was found at the addresses of things, by their ids."""

    answers: set[str] = field(default_factory=set[str])
    gone: dict[str, str] = field(default_factory=dict[str, str])
    """Why: the site has no such page."""
    unreached: dict[str, str] = field(default_factory=dict[str, str])
    """Why: nobody answers there."""
    unsure: dict[str, str] = field(default_factory=dict[str, str])
    """Why it could not be told: a site that lets no program in, or is in trouble."""

    @property
    def dead(self) -> dict[str, str]:
        """What is not to be had, and why; what nobody answers for only if somebody else does."""
        return {**self.gone, **(self.unreached if self.gone or self.answers else {})}


async def look_at_links(dialogue: Dialogue, view: View, fetcher: Fetcher) -> tuple[View, Looked]:
    """Look at the addresses of the first options until both that are proposed were looked at.

    What is dead is left out of the dialogue from then on. Where nobody answers anywhere, the line
    is down rather than every site, and nothing is left out. Things without an address stay.

    Args:
        dialogue: Whose options.
        view: Where it stands.
        fetcher: By which they are looked at; each address once.
    """
    looked = Looked()
    if view.chosen is not None:
        return view, looked  # what was chosen is not taken back
    for _ in range(_ROUNDS):
        known = {*looked.answers, *looked.gone, *looked.unreached, *looked.unsure}
        near = [o for o in view.decision.options[:BACKUP_AMONG] if o.item.link]
        await asyncio.gather(*(_look(o, fetcher, looked) for o in near if o.item.id not in known))
        if not {option.item.id for option in view.decision.options} & looked.dead.keys():
            break
        view = dialogue.leave_out(looked.dead)
    known = {*looked.answers, *looked.gone, *looked.unreached, *looked.unsure}
    for option in (view.decision.top, view.decision.backup):
        if option and option.item.link and option.item.id not in known:
            looked.unsure[option.item.id] = f"{option.item.link}: too many before it were gone"
    return view, looked


async def _look(option: Option, fetcher: Fetcher, looked: Looked) -> None:
    name, link = option.item.id, option.item.link or ""
    try:
        await fetcher.get(link, allows=lambda _address: None)
        looked.answers.add(name)
    except NotThere as error:
        looked.gone[name] = str(error)
    except Unreached as error:
        looked.unreached[name] = str(error)
    except (ToolFailed, ValueError) as error:  # an address may hold what no address may
        looked.unsure[name] = str(error)
