"""A course site on loopback whose form goes over five pages: seventeen steps, and what can go wrong."""

import html
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import OnLoopback

VARIATIONS = (
    "clean", "popup", "slow", "renamed", "sold out", "forgets", "starts over", "person",
)  # fmt: skip
PAGES = ("start", "course", "person", "extras", "summary")
VALUES = {
    "Subject": "Pottery", "Level": "Beginner", "Day": "Tuesday", "Name": "Ann Lee",
    "Email": "ann@example.org", "Phone": "555 0100", "Street": "Lane 4", "Postcode": "8010",
    "City": "Graz",
}  # fmt: skip


@dataclass
class Wizard(OnLoopback):
    """Serves it until the block ends."""

    variation: str = "clean"
    orders: list[dict[str, str]] = field(default_factory=list)
    shown: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Pages that were asked for."""
    human: bool = False
    """Whether somebody has ticked that they are one, in the browser that asks."""

    def page(self, name: str, told: dict[str, str]) -> str:
        seen = self.shown[name] = self.shown.get(name, 0) + 1
        if self.variation == "starts over" and name == "extras" and seen == 1:
            return self.form("start", {}, "<p>Your session has ended. Please begin again.</p>")
        if self.variation == "forgets" and name == "extras" and seen == 1:
            told = {k: v for k, v in told.items() if k != "Phone"}
            return self.form("person", told, "<p>Please check your phone number.</p>")
        above = ""
        if self.variation == "popup" and name in ("course", "extras"):
            above = "<div role='dialog' aria-label='Offer'>Newsletter? <button type='button' onclick='this.parentNode.remove()'>Not now</button></div>"
        return self.form(name, told, above)

    def form(self, name: str, told: dict[str, str], above: str) -> str:
        following = PAGES[PAGES.index(name) + 1] if name != "summary" else ""
        onwards = "Continue" if self.variation == "renamed" and name != "start" else "Next"
        kept = "".join(
            f"<input type='hidden' name='{k}' value='{html.escape(v)}'>" for k, v in told.items()
        )
        if name == "summary":
            rows = "".join(f"<li>{k}: {html.escape(v)}</li>" for k, v in told.items())
            return f"{above}<h1>Summary</h1><ul>{rows}</ul><form method='post' action='/enrol'>{kept}<button>Enrol</button></form>"
        body = {
            "start": "<p>Courses of the town</p>",
            "course": self.box("Subject", told)
            + self.choice("Level", ("Beginner", "Advanced"))
            + self.choice("Day", ("Monday", "Tuesday", "Friday")),
            "person": "".join(
                self.box(f, told) for f in ("Name", "Email", "Phone", "Street", "Postcode", "City")
            ),
            "extras": "<label><input type='checkbox' name='Terms' required>I accept the terms</label>"
            "<label><input type='checkbox' name='Materials'>Materials</label>"
            + (
                "<label><input type='checkbox' name='Human' required"
                f"{' checked' if self.human else ''} "
                "onchange='document.cookie=\"human=yes\"'>I am a human</label>"
                if self.variation == "person"
                else ""
            ),
        }[name]
        button = "Begin" if name == "start" else onwards
        fields = "".join(k for k in told if f"name='{k}'" in body)
        kept = "".join(
            f"<input type='hidden' name='{k}' value='{html.escape(v)}'>"
            for k, v in told.items()
            if k not in fields
        )
        return f"{above}<h1>{name.title()}</h1><form action='/{following}'>{kept}{body}<button>{button}</button></form>"

    def box(self, name: str, told: dict[str, str]) -> str:
        return (
            f"<label>{name} <input name='{name}' value='{html.escape(told.get(name, ''))}'></label>"
        )

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        if self.variation == "sold out" and name == "Day":
            options = tuple(o for o in options if o != "Tuesday")
        return f"<label>{name} <select name='{name}'><option>Please choose</option>{''.join(f'<option>{o}</option>' for o in options)}</select></label>"


class _Handler(BaseHTTPRequestHandler):
    site: Any = None
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        told = {k: v[0] for k, v in parse_qs(parts.query).items()}
        name = parts.path.strip("/") or "start"
        self.site.asked.append(name)
        self.site.human = "human=yes" in self.headers.get("cookie", "")
        if self.site.variation == "slow":
            threading.Event().wait(1.0)
        if name == "orders":
            rows = "".join(f"<li>{o['Subject']}/{o['Name']}</li>" for o in self.site.orders)
            self._say(f"<h1>Yours</h1><ul>{rows}</ul>")
        elif name in PAGES:
            self._say(self.site.page(name, told))
        else:
            self._say("<h1>Not here</h1>", 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.site.orders.append({k: v[0] for k, v in parse_qs(body).items()})
        self._say("<h1>You are enrolled</h1>")

    def _say(self, body: str, status: int = 200) -> None:
        data = f"<!doctype html><title>Courses</title><body>{body}</body>".encode()
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


Wizard.handler = _Handler
