"""The table of a decision, for pages: as data, and as a page of its own."""

import json
import secrets
from html import escape
from importlib.resources import files

from manyminds.core.messages import JsonValue
from manyminds.recommend.catalogue.item import shown
from manyminds.recommend.deciding.weigh import Option
from manyminds.recommend.deciding.wish import read_as
from manyminds.recommend.dialogue import Dialogue, View

__all__ = ["decision_page", "decision_table", "web_link"]

_MOST = 200
"""Options in the table."""


def decision_table(dialogue: Dialogue, view: View) -> dict[str, JsonValue]:
    """Return the options, what they were held to, and what each counts, as data.

    Args:
        dialogue: Whose.
        view: Where it stands.
    """
    decision, domain = view.decision, view.domain
    held = [
        f"{read_as(c, domain)} ({c.source})"
        for c in view.wanted.conditions if c.test != "not_past"
    ]  # fmt: skip
    options = decision.options[:_MOST]
    fields = [
        name for name in domain.fields if any(name in option.item.values for option in options)
    ]
    trades: list[JsonValue] = [trade.text for trade in decision.trade_offs]
    return {
        "wish": dialogue.steps()[0].text, "dialogue": dialogue.name, "domain": domain.name,
        "count": len(view.catalogue.items), "fit": len(decision.options),
        "fields": list[JsonValue](fields),
        "weights": {} if not options else {part.field: part.weight for part in options[0].parts},
        "backup": None if decision.backup is None else decision.backup.item.id,
        "options": [_option(place, option, view) for place, option in enumerate(options)],
        "grounds": {
            "Held to": list[JsonValue](held), "The first against the backup": trades,
            "What would change this": [f"{t.what}: {t.leads_to}" for t in decision.turns],
            "Not held to, for the catalogue does not say it": list[JsonValue](view.wanted.unread),
        },
    }  # fmt: skip


def decision_page(dialogue: Dialogue, view: View) -> str:
    """Return a page of its own, one file: the table, and weights that can be moved."""
    told = decision_table(dialogue, view)
    # Within a script `<` could end it, or begin a comment.
    data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    page = (files("manyminds.recommend.page") / "table.html").read_text("utf-8")
    # What was put in is not looked at again: data may hold the other marks.
    parts = {"title": escape(str(told["wish"])), "nonce": secrets.token_urlsafe(16), "data": data}
    out: list[str] = []
    for piece in page.split("{{"):
        name, closed, rest = piece.partition("}}")
        out += [parts[name], rest] if closed and name in parts else [piece]
    return "".join(out)


def web_link(link: str | None) -> str | None:
    """Return a link that a page may have: a catalogue's may be a script."""
    return link if link is not None and link.startswith(("http://", "https://")) else None


def _option(place: int, option: Option, view: View) -> JsonValue:
    item = option.item
    return {
        "place": place, "id": item.id, "title": item.title, "source": item.source,
        "link": web_link(item.link),
        "shares": {part.field: part.share for part in option.parts},
        "values": {
            name: shown(item.values.get(name), field.unit) if name in item.values else None
            for name, field in view.domain.fields.items()
        },
    }  # fmt: skip
