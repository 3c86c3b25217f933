"""Acts on real pages in a real browser: agreed to as they are, done once, seen to be done."""

import asyncio
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from math import comb
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import Action, card
from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.page import cost_of, prices_of
from manyminds.recommend.doing.plan import Plan, Step, plan_as_json, plan_as_text, read_plan
from tests.chaos.counts import COUNTS, FULL, ROOT
from tests.recommend.acting import carried_out, context, task
from tests.recommend.sites import PAYS, SITES, Sites
from tests.serving import OnLoopback

pytestmark = pytest.mark.anyio
ITEMS = range(10) if FULL else range(1)
QUICK = ("clean", "lost response", "price change", "killed")
FAULTS = (*QUICK, "double click")
STAGES = ("begun", "pressed", "ready")


@pytest.fixture
def sites() -> Iterator[Sites]:
    with Sites() as served:
        yield served


@pytest.fixture
async def browser(browser: Any) -> AsyncIterator[Any]:
    """A context of each test's own: another one's addresses and consents are not here."""
    own = await browser.browser.new_context()
    yield own
    await own.close()


@pytest.fixture
def consent(tmp_path: Path) -> Consent:
    return Consent(tmp_path / "doing.sqlite", clock=time.time)


def agreed(sites: Sites, kind: str, item: str) -> str | None:
    return f"{sites.price_of(item)}.00 EUR" if kind in PAYS else None


async def said_yes(plan: Plan, browser: Any, consent: Consent, dialogue: str = "d") -> Action:
    """Run a plan up to its act, and say yes to just that."""
    found = await Executor(browser, consent).run(plan, dialogue)
    assert found.action is not None
    consent.give(found.action, dialogue)
    return found.action


async def test_nothing_is_pressed_before_the_yes_and_then_once(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    plan = task("events", sites.origin, "item3", "Ann")
    executor = Executor(browser, consent)
    outcome = await executor.run(plan, "d")
    assert (outcome.state, outcome.why) == ("waiting", "not asked")
    assert sites.state.orders == []
    assert outcome.action is not None
    shown = card(outcome.action)
    for part in (
        "pay",
        "Buy ticket",
        sites.origin,
        'name = "Ann"  (person)',
        'item = "item3"  (THE PAGE SAYS SO)',
        agreed(sites, "events", "item3") or "",
    ):
        assert part in shown
    consent.give(outcome.action, "d")
    done = await executor.run(plan, "d")
    assert (done.state, done.done) == ("done", plan.steps)
    assert "Reference 1" in done.receipt
    assert len(sites.state.orders) == 1
    again = await executor.run(plan, "d")
    assert (again.state, again.why) == ("done", "it was done before")
    assert len(sites.state.orders) == 1


@pytest.mark.parametrize("kind", SITES)
async def test_every_site_and_every_fault_ends_in_one_act_or_none(
    kind: str, tmp_path: Path
) -> None:
    draw = random.Random(kind)
    for number in ITEMS:
        item, right = f"item{number}", 0
        faults = QUICK if kind == "shop" else QUICK[:1]
        if FULL:  # eight trials: each fault once, and three that chance sends
            faults = (*FAULTS, *draw.choices(FAULTS, k=3))
        for trial, fault in enumerate(faults):
            with Sites() as sites:
                folder = tmp_path / f"{item}-{trial}"
                folder.mkdir()
                price = agreed(sites, kind, item)
                plan = task(kind, sites.origin, item, "Ann")
                state = await _with_fault(fault, plan, sites, folder, price)
                orders = sites.state.orders
                assert len(orders) == (state == "done"), (kind, fault, state)
                drift = [name for order in orders for name in drifted(plan, order)]
                assert drift == [], (kind, fault)
                COUNTS["fields of orders that are not as the plan says"] += len(drift)
                assert all(
                    price is None or f"{order['price']}.00 EUR" == price for order in orders
                ), (kind, fault)
                wanted = "waiting" if fault == "price change" and kind in PAYS else "done"
                assert FULL or state == wanted, (kind, fault)
                right += state == wanted
                COUNTS[f"trials: {fault}"] += 1
                COUNTS["done once, at the price agreed to"] += state == "done"
                COUNTS["not done, for the price was another"] += state == "waiting"
        COUNTS["tasks on five sites"] += 1
        for k in (1, 4, 8):
            COUNTS[f"pass^{k}: sets of {k} trials of a task that all ended as they should"] += comb(
                right, k
            )
            COUNTS[f"sets of {k} trials of a task"] += comb(len(faults), k)
    COUNTS["done twice, or at another price"] += 0


def drifted(plan: Plan, order: dict[str, str]) -> set[str]:
    """Return the fields of an order that are not as the plan says, those beside it included."""
    kind, item, _ = plan.mark.split("/")
    fields = SITES[kind][2]
    said = {fields[step.what]: step.value for step in plan.steps if step.kind == "fill"}
    said |= {"item": item, "kind": kind, "mark": plan.mark}
    ours = {name: value for name, value in order.items() if name not in ("csrf_token", "price")}
    return {name for name in said.keys() | ours.keys() if said.get(name) != ours.get(name)}


def test_drift_is_seen(sites: Sites) -> None:
    plan = task("forms", sites.origin, "item1", "Ann")
    right = {"name": "Ann", "message": "Hello", "item": "item1", "kind": "forms", "mark": plan.mark}
    assert drifted(plan, {**right, "csrf_token": "x"}) == set()
    assert drifted(plan, {**right, "message": "Hello!", "cc": "eve"}) == {"message", "cc"}


async def _with_fault(fault: str, plan: Plan, sites: Sites, folder: Path, price: str | None) -> str:
    """Carry a plan out while something goes wrong; return how it ended."""
    consent = Consent(folder / "doing.sqlite", clock=time.time)
    if fault == "killed":
        stage = STAGES[int(plan.goal[-1]) % len(STAGES)]
        return await asyncio.to_thread(_killed_at, stage, plan, folder, price)
    async with context(*plan.sites) as browser:
        if fault == "lost response":
            sites.state.lose_response = True
        if fault == "price change":
            await said_yes(plan, browser, consent)
            for item in sites.state.price:
                sites.state.price[item] += 5
            return (await Executor(browser, consent).run(plan, "d")).state
        if fault == "double click":
            await said_yes(plan, browser, consent)
            both = await asyncio.gather(
                *(carried_out(plan, consent, None if price else "never") for _ in range(2))
            )
            assert "done" in {o.state for o in both}
            return "done"
        return (await carried_out(plan, consent, price, browser=browser)).state


def _killed_at(stage: str, plan: Plan, folder: Path, price: str | None) -> str:
    """Kill the process that acts at one moment, then carry the plan out again in another one."""
    (folder / "plan.json").write_text(plan_as_json(plan), "utf-8")
    (folder / "agreed").write_text(price or "", "utf-8")
    command = [
        sys.executable,
        "-m",
        "tests.recommend.acting",
        str(folder / "plan.json"),
        str(folder),
    ]
    dead = subprocess.run([*command, stage], check=False, capture_output=True, cwd=ROOT)
    assert dead.returncode == -signal.SIGKILL, dead.stderr[-500:]
    alive = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    state = alive.stdout.split()[0]
    if state == "unknown":
        # It had been written down and had not been sent: the person looks, says so, and goes on.
        assert stage == "begun"
        assert Consent(folder / "doing.sqlite", clock=time.time).forget("d")
        alive = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        state = alive.stdout.split()[0]
    return state


async def test_a_price_that_changes_while_it_is_looked_at_is_another_act(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    plan = task("shop", sites.origin, "item1", "Ann")
    await said_yes(plan, browser, consent)
    sites.state.live_price = 99
    second = await Executor(browser, consent).run(plan, "d")
    assert second.state == "waiting"
    assert second.action is not None
    assert second.action.cost == "99.00 EUR"
    assert sites.state.orders == []


@pytest.mark.parametrize(("trouble", "state", "why"), [
    ({"popup": True}, "done", ""), ({"slow_s": 0.5}, "done", ""), ({"token": False}, "done", ""), ({"gone": True}, "surprise", "sold out"),
])  # fmt: skip
async def test_surprises_are_got_over_or_told(
    sites: Sites, browser: Any, consent: Consent, trouble: dict, state: str, why: str
) -> None:
    for name, value in trouble.items():
        setattr(sites.state, name, value)
    found = await carried_out(
        task("booking", sites.origin, "item2", "Ann"),
        consent,
        agreed(sites, "booking", "item2"),
        browser=browser,
    )
    assert found.state == state
    assert why in found.why
    assert len(sites.state.orders) == (state == "done")


async def test_what_a_page_adds_to_the_form_is_another_act(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    plan = task("forms", sites.origin, "item1", "Ann")
    await said_yes(plan, browser, consent)
    sites.state.hidden = {"cc": "everybody@evil.example"}
    second = await Executor(browser, consent).run(plan, "d")
    assert (second.state, second.why) == ("waiting", "another act")
    assert second.action is not None
    assert "everybody@evil.example" in card(second.action)
    assert sites.state.orders == []


CHANGED: tuple[Callable[[str, str], str], ...] = (
    lambda page, word: page.replace("type=hidden value=item1", f"type=hidden value={word}"),
    lambda page, word: page.replace("<button>", f"<input name={word} type=hidden value=1><button>"),
    lambda page, word: page.replace("<button>", f"<input name=cc value={word}@evil.example><button>"),
    lambda page, word: page.replace("<input name=item type=hidden value=item1>", ""),
    lambda page, word: page.replace("action=/forms/item1", f"action=/forms/{word}"),
    lambda page, word: page.replace("action=/forms/item1", f"action=/forms/item1?to={word}"),
    lambda page, word: page.replace("action=/forms/item1", f"action=http://127.0.0.1:9/{word}"),
    lambda page, word: page.replace("method=post", "method=get"),
    lambda page, word: page.replace("method=post", "method=post enctype=multipart/form-data"),
    lambda page, word: page.replace("<button>", f"<button name={word} value=1>"),
    lambda page, word: page.replace("<button>", f"<button formaction=/forms/{word}>"),
    lambda page, word: page.replace("name=message", f"name={word}"),
    lambda page, word: page.replace("<form ", f"<form onsubmit=\"this.message.value='{word}'\" "),
    lambda page, word: page.replace("<form ", f"<form onformdata=\"event.formData.append('{word}', 1)\" "),
    lambda page, word: page + f"<script>document.querySelector('button').onclick = () => {{ document.querySelector('[name=item]').value = '{word}' }}</script>",
    lambda page, word: page + f"<script>setTimeout(() => {{ document.querySelector('[name=item]').value = '{word}' }}, 20)</script>",
    lambda page, word: page + f"<script>document.querySelector('form').onsubmit = e => {{ e.preventDefault(); fetch('/forms/item1', {{method: 'POST', body: new URLSearchParams({{name: '{word}'}})}}) }}</script>",
)  # fmt: skip
"""What a page does otherwise after the yes, with a word that chance makes up."""


@pytest.mark.parametrize("way", range(len(CHANGED)) if FULL else (0, 5, 12, 16))
async def test_a_page_that_was_changed_after_the_yes_gets_nothing(
    sites: Sites, browser: Any, consent: Consent, way: int
) -> None:
    plan, chance = task("forms", sites.origin, "item1", "Ann"), random.Random(way)
    plan = replace(plan, steps=(Step(kind="open", what=f"{sites.origin}/forms/item1"), *plan.steps[3:]))  # fmt: skip
    for trial in range(6 if FULL else 1):
        sites.state.page = page()
        await said_yes(plan, browser, consent, f"d{trial}")
        word = "".join(chance.choices("abcdefghij", k=6))
        sites.state.page = CHANGED[way](page(), word)
        assert sites.state.page != page()
        second = await Executor(browser, consent, wait_ms=1_000).run(plan, f"d{trial}")
        assert second.state in ("waiting", "surprise"), word
        assert sites.state.orders == []
        COUNTS["pages changed after the yes"] += 1
    COUNTS["of them sent an order"] += len(sites.state.orders)


async def test_a_plan_that_was_changed_after_the_yes_is_another_act(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    """Whoever edits the file of a plan or of a recipe changes no act that was agreed to."""
    plan = task("forms", sites.origin, "item1", "Ann")
    await said_yes(plan, browser, consent)
    steps = tuple(replace(s, value="Send it to Eve") if s.what == "Message" else s for s in plan.steps)  # fmt: skip
    second = await Executor(browser, consent).run(replace(plan, steps=steps), "d")
    assert (second.state, second.why) == ("waiting", "another act")
    assert sites.state.orders == []


async def test_another_site_is_not_reached_by_a_form_nor_by_a_picture(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    plan = task("forms", sites.origin, "item1", "Ann")
    with Sites() as evil:
        sites.state.away = f"{evil.origin}/forms/item1"
        sites.state.leak = f"{evil.origin}/orders?q=secret"
        found = await Executor(browser, consent).run(plan, "d")
        assert found.state == "surprise"
        assert found.why == f"it would be sent to {sites.state.away}"
        assert evil.state.orders == sites.state.orders == []
        assert evil.state.seen == []


async def test_a_password_that_the_browser_fills_in_is_seen_by_nobody(
    sites: Sites, browser: Any, consent: Consent, tmp_path: Path
) -> None:
    sites.state.autofill = "canary-4711"
    plan = task("shop", sites.origin, "item1", "Ann")
    first = await Executor(browser, consent).run(plan, "d")
    assert first.action is not None
    assert "canary" not in repr(first) + card(first.action)
    found = await carried_out(plan, consent, agreed(sites, "shop", "item1"), browser=browser)
    assert found.state == "done"
    assert sites.state.orders[0]["password"] == "canary-4711"
    assert "canary" not in repr(found)
    assert not _holds(tmp_path, b"canary")


FORM = """<form action='/forms/item1' {how}>
<label>Name<input name=name></label><input name=item type=hidden value=item1>{more}
<button>Send</button></form>"""
PASSWORD = "<input name='pa*ss' type=password value='kanary ~!4/11'>"


def short(sites: Sites, how: str, more: str) -> Plan:
    """Return a plan for a page whose form is this one."""
    sites.state.page = FORM.format(how=how, more=more)
    plan = task("forms", sites.origin, "item1", "Ann")
    fill = next(s for s in plan.steps if s.what == "Name")
    return replace(plan, steps=(*plan.steps[:2], fill, plan.steps[-1]))


@pytest.mark.parametrize("how", ["", "method=post"])
async def test_a_password_stands_in_no_address_and_on_no_card(
    sites: Sites, browser: Any, consent: Consent, tmp_path: Path, how: str
) -> None:
    plan = short(sites, how, PASSWORD)
    found = await Executor(browser, consent).run(plan, "d")
    assert found.action is not None
    shown = card(found.action)
    assert ("(a secret)" in shown) == (not how)
    consent.give(found.action, "d")
    done = await Executor(browser, consent).run(plan, "d")
    told = shown + repr(found) + repr(done)
    assert not any(word in told for word in ("kanary", "4/11", "4%2F11"))
    assert not _holds(tmp_path, b"kanary")


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ("method=post", PASSWORD + "<input name=copy type=hidden value='x kanary ~!4/11'>"),
        ("", PASSWORD + "<input name=copy type=hidden value='kanary ~!4/11'>"),
        ("method=post", "<input type=password value=DE11><input name=to type=hidden value=DE11>"),
        ("method=post", "<input type=password hidden value=item1>"),
    ],
)
async def test_what_a_page_calls_a_secret_hides_nothing_else_that_is_sent(
    sites: Sites, browser: Any, consent: Consent, how: str, more: str
) -> None:
    """Else a page could have two acts look alike, by putting what it changes into a password field."""
    found = await Executor(browser, consent).run(short(sites, how, more), "d")
    assert (found.state, found.action) == ("surprise", None)
    assert "what a password field holds: yours to do" in found.why
    assert sites.state.orders == []


def page(button: str = "<button>Send</button>", name: str = "Name", more: str = "", how: str = "") -> str:  # fmt: skip
    return (
        f"<h1>item1</h1><form method=post action=/forms/item1 {how}><label>{name}<input name=name></label>"
        f"<label>Message<input name=message></label><input name=item type=hidden value=item1>{button}</form>{more}"
    )


SURPRISES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "sold out": ("shop", {"gone": True}, ("surprise",)),
    "a window over the page": ("shop", {"popup": True}, ("done",)),
    "a slow site": ("shop", {"slow_s": 0.7}, ("done",)),
    "the card is declined": ("shop", {"declines": True}, ("unknown",)),
    "the answer is lost": ("shop", {"lose_response": True}, ("done",)),
    "a form without its token": ("shop", {"token": False}, ("done",)),
    "a hidden field more": ("shop", {"hidden": {"gift": "yes"}}, ("done",)),
    "a password filled in": ("shop", {"autofill": "canary"}, ("done",)),
    "a price that moves": ("shop", {"live_price": 99}, ("waiting", "surprise")),
    "a form that leads elsewhere": ("shop", {"away": "http://127.0.0.1:9/x"}, ("surprise",)),
    "a picture from elsewhere": ("shop", {"leak": "http://127.0.0.1:9/x.png"}, ("done",)),
    "another button": ("forms", {"page": page("<button>Go</button>")}, ("surprise",)),
    "two buttons of the name": ("forms", {"page": page("<button>Send</button><button>Send</button>")}, ("surprise",)),
    "a button that is off": ("forms", {"page": page("<button disabled>Send</button>")}, ("surprise",)),
    "a button that sends nothing": ("forms", {"page": page("<button type=button>Send</button>")}, ("surprise",)),
    "a field by another name": ("forms", {"page": page(name="Full name")}, ("surprise",)),
    "a page that is gone": ("forms", {"page": "<h1>Not here</h1>"}, ("surprise",)),
    "a page to sign in": ("forms", {"page": "<form>Password<input type=password></form>"}, ("surprise",)),
    "it says that it is done": ("forms", {"page": page(more="<p>Message sent</p>")}, ("surprise",)),
    "a box that asks": ("forms", {"page": page(how="onsubmit=\"return confirm('Sure?')\"")}, ("surprise",)),
    "a box that tells": ("forms", {"page": page(more="<script>alert('hello')</script>")}, ("done",)),
    "a script that fails": ("forms", {"page": page(more="<script>nothing.there()</script>")}, ("done",)),
}  # fmt: skip


@pytest.mark.parametrize("what", list(SURPRISES) if FULL else list(SURPRISES)[::4])
async def test_of_every_planted_surprise_it_gets_over_it_or_tells(
    sites: Sites, browser: Any, consent: Consent, what: str
) -> None:
    kind, planted, states = SURPRISES[what]
    for name, value in planted.items():
        setattr(sites.state, name, value)
    price = agreed(sites, kind, "item1")
    plan = task(kind, sites.origin, "item1", "Ann")
    found = await asyncio.wait_for(carried_out(plan, consent, price, browser=browser), 60)
    assert found.state in states, found
    orders = sites.state.orders
    assert len(orders) == (found.state == "done")
    assert all(o["name"] == "Ann" and f"{o.get('price', 0)}.00 EUR" in (price, "0.00 EUR") for o in orders)  # fmt: skip
    assert found.state == "done" or found.why
    COUNTS["planted surprises"] += 1
    COUNTS["of them got over"] += found.state == "done"
    COUNTS["of them told, with nothing done"] += found.state != "done"


def test_there_are_twenty_surprises_at_least() -> None:
    assert len(SURPRISES) >= 20


async def test_what_is_on_a_card_may_be_written_elsewhere(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    more = "<input name=holder autocomplete=cc-name value=Ann><input name=year autocomplete=cc-exp-year value=2027>"  # fmt: skip
    found = await Executor(browser, consent).run(short(sites, "method=post", more), "d")
    assert found.action is not None
    assert found.action.values["name"].value == "Ann"
    assert found.action.values["holder"].secret
    assert found.action.values["year"].secret


async def test_what_a_site_says_back_of_a_password_is_kept_nowhere(browser: Any, consent: Consent, tmp_path: Path) -> None:  # fmt: skip
    form = (
        "<form method=post action=/in><input name=pass type=password value='kanary 47/11'>"
        "<button>Send</button></form>"
    )

    class Echo(BaseHTTPRequestHandler):
        def _say(self, body: str) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>x</title>{body}".encode())

        def do_GET(self) -> None:
            self._say(form)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["content-length"])).decode()
            self._say(f"Welcome! Your password is {parse_qs(sent)['pass'][0]}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Site(OnLoopback):
        handler = Echo

    with Site() as site:
        at = site.origin
        plan = Plan(
            goal="sign in", sites=(at,), receipt="Welcome!",
            steps=(Step(kind="open", what=at), Step(kind="press", what="Send", act="login")),
        )  # fmt: skip
        done = await carried_out(plan, consent, None, browser=browser)
        again = await Executor(browser, consent).run(plan, "d")
    assert done.state == again.state == "done"
    assert "Your password is (a secret)" in done.receipt
    assert "kanary" not in repr(done) + repr(again)
    assert not _holds(tmp_path, b"kanary")


def _holds(folder: Path, secret: bytes) -> bool:
    return any(secret in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_step_for_the_person_stops_it(sites: Sites, browser: Any, consent: Consent) -> None:
    plan = task("shop", sites.origin, "item1", "Ann")
    plan = replace(plan, steps=(plan.steps[0], Step(kind="person", what="log in"), *plan.steps[1:]))
    found = await Executor(browser, consent).run(plan, "d")
    assert (found.state, found.why, len(found.done)) == ("person", "log in", 1)


async def test_without_a_place_to_look_nobody_claims_to_know(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    plan = replace(task("shop", sites.origin, "item1", "Ann"), look="", mark="")
    sites.state.lose_response = True
    found = await carried_out(plan, consent, agreed(sites, "shop", "item1"), browser=browser)
    assert found.state == "unknown"
    again = await Executor(browser, consent).run(plan, "d")
    assert again.state == "unknown"
    assert len(sites.state.orders) == 1


async def test_two_buttons_of_one_name_are_a_surprise(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    sites.state.price["item1"] = 20
    plan = task("forms", sites.origin, "item1", "Ann")
    twice = replace(plan, steps=(*plan.steps[:-1], replace(plan.steps[-1], what="Sent")))
    found = await Executor(browser, consent).run(twice, "d")
    assert found.state == "surprise"
    assert "'Sent'" in found.why


def test_a_plan_is_read_back_as_it_was_written() -> None:
    plan = task("jobs", "https://jobs.example", "item1", "Ann")
    assert read_plan(plan_as_json(plan)) == plan
    text = plan_as_text(plan)
    assert "asks before: submit" in text
    assert "nowhere else" in text


@pytest.mark.parametrize("change", [
    {"sites": ()}, {"steps": ()}, {"sites": ("https://jobs.example/path",)}, {"sites": ("javascript:alert(1)",)}, {"look": "https://evil.example/"},
    {"steps": (Step(kind="open", what="https://evil.example/"),)},
])  # fmt: skip
def test_a_plan_that_leads_elsewhere_is_none(change: dict) -> None:
    with pytest.raises(UsageError):
        replace(task("jobs", "https://jobs.example", "item1", "Ann"), **change)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": [{"kind": "open"}]}', '{"steps": 3}'])
def test_no_plan_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="no plan"):
        read_plan(text)


HOSTILE = {
    "changes the price and the name as it is sent": "<form method=post action='/shop/item1' onsubmit=\"this.price.value=99;this.name.value='Eve'\">"
    "<label>Name <input name=name></label><p>€24.00</p><input type=hidden name=price value=24><button>Buy now</button></form>",
    "sends it elsewhere by the button": "<form method=post action='/shop/item1'><label>Name <input name=name></label><p>€24.00</p>"
    "<button formaction='/jobs/item1'>Buy now</button></form>",
    "sends more than one": "<form method=post action='/shop/item1'><label>Name <input name=name></label><p>€24.00</p>"
    "<button onclick=\"for (let i = 0; i < 3; i++) fetch('/shop/item1', {method: 'POST', body: 'name=x' + i})\">Buy now</button></form>",
    "sends without a form": "<label>Name <input id=n></label><p>€24.00</p>"
    "<button onclick=\"fetch('/shop/item1', {method: 'POST', body: JSON.stringify({to: 'everybody', name: n.value})})\">Buy now</button>",
    "sends by a worker that all share": "<script>new SharedWorker('/worker.js')</script><form method=post action='/shop/item1'>"
    "<label>Name <input name=name></label><p>€24.00</p><button>Buy now</button></form>",
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
async def test_what_is_shown_is_what_would_be_sent_and_nothing_else_is(
    how: str, sites: Sites, consent: Consent
) -> None:
    sites.state.page = HOSTILE[how]
    plan = Plan(
        goal="buy", sites=(sites.origin,), receipt="Order placed", look=f"{sites.origin}/orders", mark="shop/item1/Ann",
        steps=(
            Step(kind="open", what=f"{sites.origin}/shop/item1"), Step(kind="fill", what="Name", value="Ann", origin="person"),
            Step(kind="press", what="Buy now", act="pay"),
        ),
    )  # fmt: skip
    async with context(sites.origin) as browser:
        found = await Executor(browser, consent, wait_ms=3_000).run(plan, "d")
        assert sites.state.orders == []
        assert found.state == "waiting", found
        assert found.action is not None
        shown = card(found.action)
        wanted = {
            "changes": ['price = "99"', 'name = "Eve"'], "sends it elsewhere": ["/jobs/item1"], "sends more": ["name=x"],
            "sends without": ["everybody"], "sends by": ['name = "Ann"'],
        }  # fmt: skip
        for part in next(parts for begin, parts in wanted.items() if how.startswith(begin)):
            assert part in shown
        consent.give(found.action, "d")
        await Executor(browser, consent, wait_ms=3_000).run(plan, "d")
        assert len(sites.state.orders) <= 1


async def test_an_act_that_arrives_late_is_not_done_again(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    sites.state.late = threading.Event()
    plan = task("shop", sites.origin, "item1", "Ann")
    executor = Executor(browser, consent, wait_ms=1_500)
    first = await executor.run(plan, "d")
    assert first.action is not None
    consent.give(first.action, "d")
    assert (await executor.run(plan, "d")).state == "unknown"
    consent.give(first.action, "d")
    assert (await executor.run(plan, "d")).state == "unknown"
    sites.state.late.set()
    for _ in range(600):
        await asyncio.sleep(0 if sites.state.orders else 0.05)
    assert ((await executor.run(plan, "d")).state, len(sites.state.orders)) == ("done", 1)


async def test_an_older_order_of_the_same_kind_is_not_taken_for_this_one(
    sites: Sites, browser: Any, consent: Consent
) -> None:
    sites.state.orders.append({"mark": "shop/item1/Ann"})
    sites.state.declines = True
    found = await carried_out(
        task("shop", sites.origin, "item1", "Ann"),
        consent,
        agreed(sites, "shop", "item1"),
        browser=browser,
    )
    assert (found.state, len(sites.state.orders)) == ("unknown", 1)


@pytest.mark.parametrize(("text", "prices"), [
    ("€1,234.56", ("1234.56 EUR",)), ("€20.000", ("20000.00 EUR",)), ("$1,000", ("1000.00 USD",)), ("Guests: 2 EUR 48.00", ("48.00 EUR",)),
    ("was €80 now €40", ("80.00 EUR", "40.00 EUR")), ("A$20", ("20.00 AUD",)), ("CHF 48.00", ("48.00 CHF",)), ("12,50 €", ("12.50 EUR",)), ("no price", ()),
])  # fmt: skip
def test_prices_are_read_whole(text: str, prices: tuple[str, ...]) -> None:
    assert prices_of(text) == prices


@pytest.mark.parametrize(("text", "cost"), [
    ("A lamp, 48.00 EUR", "48.00 EUR"),
    ("Lamp 40.00 EUR, post 8.00 EUR. Total: 48.00 EUR", "48.00 EUR"),
    ("Lamp €40.00\nPost €8.00\nOrder total\t€48.00", "48.00 EUR"),
    ("Subtotal 40.00 EUR, post 8.00 EUR, total (incl. VAT) 48.00 EUR", "48.00 EUR"),
    ("Lamp 40.00 EUR, Amount due: 48.00 EUR", "48.00 EUR"),
    ("Total 48.00 EUR, and to pay 48.00 EUR, with 5.00 EUR off", "48.00 EUR"),
    ("Lamp 40.00 EUR, post 8.00 EUR", None),
    ("Subtotal 40.00 EUR, post 8.00 EUR", None),
    ("Total 48.00 EUR. Others paid 30.00 EUR. Grand total 52.00 EUR", None),
    ("Total savings 5.00 EUR, lamp 40.00 EUR", None),
    ("Total: 3 things at 40.00 EUR and 8.00 EUR", None),
    ("Nothing", None),
])  # fmt: skip
def test_what_all_of_it_costs_is_its_only_price_or_its_only_total(text: str, cost: str | None) -> None:  # fmt: skip
    assert cost_of(text) == cost


@pytest.mark.parametrize("step", [
    {"kind": "press", "what": "Buy", "act": "purchase"}, {"kind": "jump", "what": "x"}, {"kind": "fill", "what": "x", "origin": "nobody"},
])  # fmt: skip
def test_a_step_of_no_known_kind_is_none(step: dict) -> None:
    with pytest.raises(UsageError, match="a step says one of"):
        Step(**step)


def test_a_plan_does_one_thing_that_needs_a_yes() -> None:
    plan = task("jobs", "https://jobs.example", "item1", "Ann")
    with pytest.raises(UsageError, match="in its last step"):
        replace(plan, steps=(*plan.steps, plan.steps[-1]))
    with pytest.raises(UsageError, match="steps and sites"):
        replace(plan, sites=())
