"""Writes the page of a decision."""

import json
import secrets
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from manyminds.core.messages import JsonValue
from manyminds.recommend.catalogue.item import shown
from manyminds.recommend.deciding.weigh import Option
from manyminds.recommend.dialogue import View

__all__ = ["decision_page"]

_MOST = 200
"""Options in the table."""


def decision_page(
    view: View, *, wish: str, dialogue: str, held: Sequence[str], unread: Sequence[str]
) -> str:
    """Return the page: the options, what they were held to, and weights that can be moved.

    Args:
        view: Where the dialogue stands.
        wish: What the person said.
        dialogue: Its name.
        held: The conditions, as they were read.
        unread: What nothing was held to.
    """
    decision, domain = view.decision, view.domain
    options = decision.options[:_MOST]
    fields = [
        name for name in domain.fields if any(name in option.item.values for option in options)
    ]
    trades: list[JsonValue] = [trade.text for trade in decision.trade_offs]
    told: dict[str, JsonValue] = {
        "wish": wish, "dialogue": dialogue, "domain": domain.name,
        "count": len(view.catalogue.items), "fields": list[JsonValue](fields),
        "weights": {} if not options else {part.field: part.weight for part in options[0].parts},
        "backup": None if decision.backup is None else decision.backup.item.id,
        "options": [_option(place, option, view) for place, option in enumerate(options)],
        "grounds": {
            "Held to": list[JsonValue](held), "The first against the backup": trades,
            "What would change this": [f"{t.what}: {t.leads_to}" for t in decision.turns],
            "Not held to, for the catalogue does not say it": list[JsonValue](unread),
        },
    }  # fmt: skip
    # Within a script `<` could end it, or begin a comment.
    data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    page = (files("manyminds.recommend.page") / "table.html").read_text("utf-8")
    # What was put in is not looked at again: data may hold the other marks.
    parts = {"title": escape(wish), "nonce": secrets.token_urlsafe(16), "data": data}
    out: list[str] = []
    for piece in page.split("{{"):
        name, closed, rest = piece.partition("}}")
        out += [parts[name], rest] if closed and name in parts else [piece]
    return "".join(out)


def _option(place: int, option: Option, view: View) -> JsonValue:
    item = option.item
    web = item.link is not None and item.link.startswith(("http://", "https://"))
    return {
        "place": place, "id": item.id, "title": item.title, "source": item.source,
        "link": item.link if web else None,
        "shares": {part.field: part.share for part in option.parts},
        "values": {
            name: shown(item.values.get(name), field.unit) if name in item.values else None
            for name, field in view.domain.fields.items()
        },
    }  # fmt: skip
