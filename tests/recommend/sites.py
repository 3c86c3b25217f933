"""Five sites on loopback that act: tables, events, goods, jobs, forms. They count what was done."""

import html
import json
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import OnLoopback

SITES = {
    "booking": ("Book table", "Table booked", {"Name": "name", "Date": "date", "Guests": "guests"}),
    "events": ("Buy ticket", "Ticket bought", {"Name": "name", "Tickets": "count"}),
    "shop": (
        "Buy now",
        "Order placed",
        {"Name": "name", "Address": "address", "Quantity": "count"},
    ),
    "jobs": ("Apply", "Application sent", {"Name": "name", "Email": "email", "Letter": "letter"}),
    "forms": ("Send", "Message sent", {"Name": "name", "Message": "message"}),
}
PAYS = ("events", "shop", "booking")


@dataclass
class State:
    """What the sites hold, and what goes wrong with them."""

    orders: list[dict[str, str]] = field(default_factory=list)
    price: dict[str, int] = field(default_factory=dict)
    lose_response: bool = False
    """The order is taken and the line goes dead."""
    popup: bool = False
    gone: bool = False
    slow_s: float = 0.0
    token: bool = True
    hidden: dict[str, str] = field(default_factory=dict)
    """More that the form would send."""
    away: str = ""
    """Where the form would send it instead."""
    leak: str = ""
    """Address that every page loads a picture from."""
    autofill: str = ""
    """A password that the browser has filled in."""
    seen: list[str] = field(default_factory=list)
    """Addresses that were asked for."""
    page: str = ""
    """What every form page is instead."""
    late: threading.Event | None = None
    """The order is taken when this is set, half a minute later at most."""
    declines: bool = False
    live_price: int | None = None
    """What the page's script makes of the price while it is looked at."""


class Sites(OnLoopback):
    """Serve them until the block ends."""

    def __init__(self) -> None:
        self.state = State()
        self._lock = threading.Lock()

    def price_of(self, item: str) -> int:
        return self.state.price.setdefault(item, 20 + len(item) % 7)

    def take(self, order: dict[str, str]) -> str | None:
        """Take an order; return why not, where it is not taken."""
        with self._lock:
            if order.get("price") and order["price"] != str(self.price_of(order["item"])):
                return "The price has changed"
            self.state.orders.append(order)
            return None


class _Handler(BaseHTTPRequestHandler):
    site: Any = None
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        state: State = self.site.state
        state.seen.append(self.path)
        if state.slow_s:
            threading.Event().wait(state.slow_s)
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[0] == "worker.js":
            self._say(
                "fetch('/shop/item1', {method: 'POST', body: 'name=worker'})",
                kind="text/javascript",
            )
        elif parts[0] == "orders":
            rows = "".join(
                f"<li>{html.escape(json.dumps(o, sort_keys=True))} {html.escape(o['mark'])}</li>"
                for o in state.orders
            )
            self._say(f"<h1>Your orders</h1><ul>{rows}</ul>")
        elif parts[0] == "done":
            self._say(f"<h1>{SITES[parts[1]][1]}</h1><p>Reference {html.escape(parts[2])}</p>")
        elif parts[0] in SITES and len(parts) == 2:
            self._say(self._form(parts[0], parts[1]))
        elif parts[0] in SITES:
            self._say(
                f"<h1>{parts[0]}</h1>"
                + "".join(f"<a href='/{parts[0]}/item{i}'>Item {i}</a> " for i in range(10))
            )
        else:
            self._say("<h1>Not here</h1>", 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        order = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        kind = urlsplit(self.path).path.strip("/").split("/")[0]
        order |= {"kind": kind, "mark": f"{kind}/{order.get('item')}/{order.get('name')}"}
        if self.site.state.late is not None:
            self.site.state.late.wait(30)
        if self.site.state.declines:
            self._say("<h1>The card was declined</h1>", 402)
        elif (why := self.site.take(order)) is not None:
            self._say(f"<h1>{why}</h1>", 409)
        elif self.site.state.lose_response:
            self.close_connection = True
            self.connection.close()
        else:
            self.send_response(303)
            self.send_header("location", f"/done/{kind}/{len(self.site.state.orders)}")
            self.send_header("content-length", "0")
            self.end_headers()

    def _form(self, kind: str, item: str) -> str:
        state: State = self.site.state
        if state.page:
            return state.page
        if state.gone:
            return f"<h1>{item}</h1><p>Sorry, this is sold out.</p>"
        button, _, fields = SITES[kind]
        price = self.site.price_of(item)
        rows = [
            f"<label>{label} <input name='{name}'></label><br>" for label, name in fields.items()
        ]
        rows += [
            f"<input type='hidden' name='{n}' value='{html.escape(v)}'>"
            for n, v in state.hidden.items()
        ]
        if kind in PAYS:
            rows.append(
                f"<p>Price: €<span id='price'>{price}.00</span></p><input type='hidden' id='paid' name='price' value='{price}'>"
            )
        if state.token:
            rows.append(f"<input type='hidden' name='csrf_token' value='{secrets.token_hex(16)}'>")
        if state.autofill:
            rows.append(
                f"<label>Password <input type='password' name='password' value='{state.autofill}'></label>"
            )
        popup = (
            "<div role='dialog' style='position:fixed;inset:0;background:#fff'>Subscribe! <button type='button' onclick='this.parentNode.remove()'>No thanks</button></div>"
            if state.popup
            else ""
        )
        script = (
            f"<script>setTimeout(() => {{ document.getElementById('price').textContent = '{state.live_price}.00'; document.getElementById('paid').value = '{state.live_price}' }}, 50)</script>"
            if state.live_price
            else ""
        )
        leak = f"<img src='{state.leak}'>" if state.leak else ""
        return (
            f"<h1>{item}</h1>{popup}{leak}<form method='post' action='{state.away or f'/{kind}/{item}'}'>"
            f"<input type='hidden' name='item' value='{item}'>{''.join(rows)}<button>{button}</button></form>{script}"
        )

    def _say(self, body: str, code: int = 200, kind: str = "text/html") -> None:
        head = "<!doctype html><meta charset=utf-8><title>t</title>" if kind == "text/html" else ""
        content = (head + body).encode()
        self.send_response(code)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


Sites.handler = _Handler
