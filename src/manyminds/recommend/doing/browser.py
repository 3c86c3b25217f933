"""A plan carried out in a real browser, up to the act that needs a yes, and then once.

The act is not guessed from the page: the button is pressed, and the request that it makes is held
before it leaves. What the person is shown is that request; what is sent after their yes is that
request again, compared in every part, by this program, once. Everything else that would write is
stopped. Before it leaves that is written down, so that after a crash nobody sends it again.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any, Literal
from urllib.parse import parse_qsl, urljoin, urlsplit

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.read import number_of
from manyminds.recommend.doing.action import ASKED, Action, Origin, Sent, origin_of
from manyminds.recommend.doing.consent import Consent, Past
from manyminds.recommend.doing.plan import Plan, Step

__all__ = [
    "AWAY",
    "Executor",
    "Outcome",
    "Stage",
    "gently",
    "launch_arguments",
    "prices_of",
    "what_is_wrong",
    "within",
]

WAIT_MS = 8_000
"""For a page that is slow."""
_PRESSED_S = 0.3
"""How long after a press it is waited for what it sends."""
_SETTLES, _SETTLE_S = 2, 0.05
"""How often, and how long, it is waited for what a page sends as it is left."""
LOOK_MS = 1_500
"""For something that is there or is not."""
Stage = Literal["planned", "ready", "begun", "pressed", "seen"]
_NUMBER = r"\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+(?:[.,]\d{2})?|\d+(?:[.,]\d{1,2})?"
_PRICE = re.compile(
    rf"(?P<before>[A-Z]{{0,3}}[€$£]|\b(?:EUR|USD|GBP|CHF)\b)[ \u00a0]?(?P<first>{_NUMBER})"
    rf"(?![\d.,]*\d)|(?P<last>{_NUMBER})[ \u00a0]?(?P<after>€|(?:EUR|USD|GBP|CHF)\b)(?! ?\d)"
)
_CURRENCY = {"€": "EUR", "$": "USD", "£": "GBP", "A$": "AUD", "US$": "USD", "C$": "CAD"}
AWAY = re.compile(
    r"^\s*(?:close|dismiss|no,? thanks|not now|reject(?: all)?|decline|×|x)\s*$", re.IGNORECASE
)
_GONE = re.compile(
    r"\b(?:sold out|fully booked|no longer available|unavailable|expired)\b", re.IGNORECASE
)
_FRESH = frozenset((
    "csrf", "csrf_token", "_csrf", "_csrf_token", "csrfmiddlewaretoken", "xsrf", "_xsrf", "_token",
    "authenticity_token", "__requestverificationtoken", "form_build_id", "_wpnonce", "nonce",
))  # fmt: skip
_ROLES = {
    "fill": ("textbox", "searchbox", "spinbutton", "combobox"), "choose": ("combobox", "listbox"),
    "tick": ("checkbox", "radio", "switch"),
}  # fmt: skip
_UNNAMED = re.compile(r"\((?P<role>[a-z]+) (?P<number>[1-9]\d?)\)")
"""How a control that nobody named is called: by its place among those of its role."""
_READS = ("GET", "HEAD", "OPTIONS")
_PASSWORDS = """() => [...document.querySelectorAll('input')].filter(f => f.type === 'password'
  || f.type !== 'hidden'
  && /(^|\\s)(cc-\\S+|current-password|new-password|one-time-code)(\\s|$)/.test(f.autocomplete)
).map(f => [f.name, f.value !== ''])"""
_BEFORE = """
delete window.SharedWorker;
for (const kind of ['pagehide', 'unload', 'beforeunload', 'visibilitychange', 'freeze'])
  window.addEventListener(kind, e => e.stopImmediatePropagation(), true);
"""
"""What is run in each document before its own scripts: what a shared worker sends, or a page as it
is left, is reached by no route."""


def launch_arguments(sites: tuple[str, ...]) -> list[str]:
    """Return what Chromium is started with, so that no name but those of the sites is found."""
    hosts = {urlsplit(site).hostname or "" for site in sites}
    rules = ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in sorted(hosts))])
    return [f"--host-resolver-rules={rules}", "--disable-shared-workers"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How far it came."""

    state: Literal["waiting", "person", "surprise", "done", "unknown"]
    """Waiting for a yes; for the person to do a step; stopped by something unforeseen; done; or
    nobody can tell whether it was done."""
    why: str
    action: Action | None = None
    """What is to be agreed to, as it is now."""
    done: tuple[Step, ...] = ()
    receipt: str = ""


async def _nothing(_stage: Stage) -> None:
    """Nobody wants to know."""


class Executor:
    """Carries out plans in one browser's context; of the person it reads the plan alone."""

    def __init__(
        self, context: Any, consent: Consent, *,
        on_stage: Callable[[Stage], Awaitable[None]] = _nothing, wait_ms: int = WAIT_MS,
    ) -> None:  # fmt: skip
        self._context, self._consent = context, consent
        self._on_stage, self._wait_ms = on_stage, wait_ms
        self._held: asyncio.Future[Any] | None = None
        """Where the next request that writes is held; `None`: it is stopped."""
        self._answering = 0
        """Requests that are being looked at."""
        self._idle = asyncio.Event()
        self._idle.set()
        self.stopped: list[str] = []
        """Addresses that something would have been written to."""

    async def run(self, plan: Plan, dialogue: str, *, mine_done: bool = False) -> Outcome:
        """Carry a plan out, from its first step; only an act that was agreed to is sent.

        It may be called again after any outcome and any crash: what was begun before is looked for,
        and never sent again.

        Args:
            plan: What to do.
            dialogue: What it is part of; it has one act.
            mine_done: Whether the person has done the steps that are theirs.
        """
        done: list[Step] = []
        async with self.opened(plan.sites) as page:
            try:
                return await self._steps(page, plan, dialogue, done, mine_done=mine_done)
            except Exception as error:  # noqa: BLE001 (a page may do anything; the person is told)
                why = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
                return self._stopped(dialogue, why, tuple(done))

    @asynccontextmanager
    async def opened(self, sites: tuple[str, ...]) -> AsyncGenerator[Any]:
        """Open a page that reaches these sites alone and writes nothing."""
        self._held = None
        await self._context.unroute_all()

        async def answer(route: Any) -> None:
            self._answering += 1
            self._idle.clear()
            try:
                await self._answer(route, sites)
            finally:
                self._answering -= 1
                if not self._answering:
                    self._idle.set()

        await self._context.route("**/*", answer)
        await self._context.route_web_socket("**/*", _closed)
        await self._context.add_init_script(_BEFORE)
        before = set(self._context.pages)
        page = await self._context.new_page()
        page.set_default_timeout(self._wait_ms)
        try:
            yield page
        finally:
            self._held = None
            for one in set(self._context.pages) - before:
                await self._leave(one)

    async def wrote(self, before: set[str]) -> bool:
        """Say whether something would have been written, to where nothing was before."""
        await asyncio.sleep(_PRESSED_S)
        return bool(set(self.stopped) - before)

    async def _leave(self, page: Any) -> None:
        """Close a page so that nothing of it is sent any more.

        Chromium lets requests go that are held up when their page closes. To leave it for an empty
        one ends most of what it was about to send; what outlives a page (beacons) is waited for,
        until it has been stopped.
        """
        with suppress(Exception):
            await page.goto("about:blank")
        for _ in range(_SETTLES):
            await asyncio.sleep(_SETTLE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait_ms / 1_000 + _SETTLE_S):
                    await self._idle.wait()
        with suppress(Exception):
            await page.close()

    async def _steps(
        self, page: Any, plan: Plan, dialogue: str, done: list[Step], *, mine_done: bool
    ) -> Outcome:
        if (past := self._consent.past(dialogue)) is not None:
            return await self._look(page, plan, past, dialogue)
        await self._on_stage("planned")
        for step in plan.steps:
            if step.kind == "person":
                if not mine_done:
                    return Outcome(state="person", why=step.what, done=tuple(done))
            elif step.act in ASKED:
                return await self._press(page, plan, step, dialogue, tuple(done))
            else:
                try:
                    await gently(page, step)
                except Exception as error:  # noqa: BLE001 (told in the page's words where it has any)
                    why = await what_is_wrong(page, step, error)
                    return Outcome(state="surprise", why=why, done=tuple(done))
                if not within(page.url, plan.sites):
                    why = f"it led to {page.url}"
                    return Outcome(state="surprise", why=why, done=tuple(done))
            done.append(step)
        text = await _text(page)
        if not plan.receipt or plan.receipt not in text:
            return Outcome(
                state="surprise", why=f'it does not say "{plan.receipt}"', done=tuple(done)
            )
        return Outcome(state="done", why="", done=tuple(done), receipt=text[:1_000])

    async def _press(
        self, page: Any, plan: Plan, step: Step, dialogue: str, done: tuple[Step, ...]
    ) -> Outcome:
        """Press, hold what would be sent, and send it if the person has said yes to just that."""
        try:
            button = await _found(page, step)
        except UsageError as error:
            why = await what_is_wrong(page, step, error)
            return Outcome(state="surprise", why=why, done=done)
        if plan.receipt and plan.receipt in await _text(page):
            why = f'the page says "{plan.receipt}" before anything was done'
            return Outcome(state="surprise", why=why, done=done)
        marks = await self._marks(plan)
        prices = prices_of(await page.inner_text("body"))
        passwords = await page.evaluate(_PASSWORDS)
        self._held = asyncio.get_running_loop().create_future()
        await button.click(no_wait_after=True)
        try:
            async with asyncio.timeout(self._wait_ms / 1_000):
                route = await self._held
            action = _act(route.request, page.url, step, plan, prices, passwords)
        except TimeoutError:
            return Outcome(state="surprise", why=f"{step.what!r} sends nothing", done=done)
        except UsageError as error:
            return Outcome(state="surprise", why=str(error), done=done)
        await self._on_stage("ready")
        if (refused := self._refused(action, dialogue)) is not None:
            await route.abort("aborted")
            return Outcome(state="waiting", why=refused, action=action, done=done)
        if not self._consent.begin(action, dialogue, marks=marks):
            await route.abort("aborted")
            return self._stopped(dialogue, "another process is at it", done)
        await self._on_stage("begun")
        return await self._send(page, plan, route, dialogue, (*done, step))

    def _refused(self, action: Action, dialogue: str) -> str | None:
        """Use up the yes; return why the act may not happen."""
        if action.kind == "pay" and not action.prices:
            return "the page names no price"
        taken = self._consent.take(action, dialogue)
        return None if taken.allowed else taken.refusal or "not asked"

    async def _send(
        self, page: Any, plan: Plan, route: Any, dialogue: str, done: tuple[Step, ...]
    ) -> Outcome:
        """Send what was held, once, and look for what the site says to it."""
        try:
            found = await route.fetch(max_redirects=0, max_retries=0, timeout=self._wait_ms)
            await self._on_stage("pressed")
            onwards = found.headers.get("location")
            away = onwards and not within(urljoin(route.request.url, onwards), plan.sites)
            if found.status in (307, 308) or away:
                await route.abort("aborted")
            else:
                await route.fulfill(response=found)
                await self._answered(page, plan)
                text = await _text(page)
                if not plan.receipt:
                    why = "it was sent; whether it was taken, you can read"
                    return Outcome(state="unknown", why=why, done=done, receipt=text[:1_000])
                if within(page.url, plan.sites) and plan.receipt in text:
                    self._consent.end(dialogue, text[:1_000])
                    await self._on_stage("seen")
                    return Outcome(state="done", why="", done=done, receipt=text[:1_000])
        except Exception:  # noqa: BLE001 (whether it arrived is looked for)
            with suppress(Exception):
                await route.abort("aborted")
        past = self._consent.past(dialogue)
        if past is None:
            return self._stopped(dialogue, "its record is gone", done)
        found = await self._look(page, plan, past, dialogue)
        return Outcome(state=found.state, why=found.why, done=done, receipt=found.receipt)

    async def _answered(self, page: Any, plan: Plan) -> None:
        """Wait until the page says that it is done; where nobody knows how, until it has loaded."""
        if plan.receipt:
            await page.get_by_text(plan.receipt).first.wait_for(timeout=self._wait_ms)
        else:
            await page.wait_for_load_state("networkidle", timeout=self._wait_ms)

    async def _look(self, page: Any, plan: Plan, past: Past, dialogue: str) -> Outcome:
        """Look whether what had begun happened; nothing is sent."""
        if past.done:
            return Outcome(state="done", why="it was done before", receipt=past.said)
        marks = await self._marks(plan)
        if marks is not None and past.marks is not None and marks > past.marks:
            self._consent.end(dialogue, plan.mark)
            return Outcome(state="done", why="it is there", receipt=plan.mark)
        return self._stopped(dialogue, "", ())

    def _stopped(self, dialogue: str, why: str, done: tuple[Step, ...]) -> Outcome:
        """Return that it stopped: unknown, where an act had begun."""
        if self._consent.past(dialogue) is None:
            return Outcome(state="surprise", why=why, done=done)
        told = "it was begun, and whether it happened cannot be seen" + (f" ({why})" if why else "")
        return Outcome(state="unknown", why=told, done=done)

    async def _marks(self, plan: Plan) -> int | None:
        """Return how often the plan's mark stands where it can be looked for."""
        if not plan.look or not plan.mark:
            return None
        page = await self._context.new_page()
        try:
            page.set_default_timeout(self._wait_ms)
            found = await page.goto(plan.look, wait_until="load")
            seen = (
                found is not None and found.ok and page.url.split("?")[0] == plan.look.split("?")[0]
            )
            return (await _text(page)).count(plan.mark) if seen else None
        except Exception:  # noqa: BLE001 (what cannot be looked at is not known)
            return None
        finally:
            await self._leave(page)

    async def _answer(self, route: Any, sites: tuple[str, ...]) -> None:
        """Let what only reads through to the plan's sites, hold the one act, and stop the rest.

        Chromium sends a request again, a POST too, when a connection that it had kept open ends
        before the answer. So what writes never leaves by Chromium.
        """
        request, held = route.request, self._held
        inside = within(request.url, sites)
        act = request.method not in _READS or _leads_on(request)
        if held is not None and not held.done() and act:
            if inside:
                return held.set_result(route)
            held.set_exception(UsageError(f"it would be sent to {request.url[:200]}"))
        if not inside:
            return await route.abort()
        if request.method in _READS:
            return await route.continue_()
        self.stopped.append(str(request.url))
        return await route.abort("aborted")


async def _closed(socket: Any) -> None:
    """Close what would send and receive past the looking at requests."""
    await socket.close()


def _leads_on(request: Any) -> bool:
    """Say whether a request is for another page in the page's own place."""
    if not request.is_navigation_request():
        return False
    try:
        return request.frame.parent_frame is None
    except Exception:  # noqa: BLE001 (a frame that is not there yet is the page's own)
        return True


def within(address: str, sites: tuple[str, ...]) -> bool:
    """Say whether an address is on one of these sites."""
    try:
        return origin_of(address) in sites
    except UsageError:
        return False


async def gently(page: Any, step: Step) -> None:
    """Do what needs no yes."""
    if step.kind == "open":
        await page.goto(step.what, wait_until="load")
        return
    await _clear(page)
    if step.kind == "press":
        await (await _found(page, step)).click()
        await page.wait_for_load_state("load")
        return
    if step.kind == "see":
        await page.get_by_text(step.what).first.wait_for()
        return
    field = _nth(page, step.what)
    if field is None:
        # By its label; and by its name, which a placeholder or a part of the label may give it.
        field = page.get_by_label(step.what, exact=True)
        for role in _ROLES[step.kind]:
            field = field.or_(page.get_by_role(role, name=step.what, exact=True))
    if step.kind == "fill":
        await field.fill(step.value)
    elif step.kind == "choose":
        await field.select_option(label=step.value)
    else:
        await field.check()


async def _clear(page: Any) -> None:
    """Close what lies over the page, by the buttons that only close."""
    for dialog in await page.get_by_role("dialog").all():
        for button in await dialog.get_by_role("button").all():
            if AWAY.match(await button.inner_text()):
                await button.click()
                break


def _nth(page: Any, what: str) -> Any:
    """Return what has no name of its own, as `(textbox 2)`; `None` where a name is meant."""
    told = _UNNAMED.fullmatch(what)
    return None if told is None else page.get_by_role(told["role"]).nth(int(told["number"]) - 1)


async def _found(page: Any, step: Step) -> Any:
    """Return what is to be pressed; of several of one name none is."""
    await _clear(page)
    found = _nth(page, step.what)
    if found is None:
        name = {"name": step.what, "exact": True}
        found = page.get_by_role("button", **name)
        for role in ("link", "tab", "menuitem"):
            found = found.or_(page.get_by_role(role, **name))
    with suppress(Exception):
        await found.first.wait_for(timeout=LOOK_MS)
    count = await found.count()
    if count != 1:
        raise UsageError(f"there is {'no' if count == 0 else 'more than one'} {step.what!r}")
    if not await found.is_enabled():
        raise UsageError(f"{step.what!r} cannot be pressed")
    return found


async def what_is_wrong(page: Any, step: Step, error: Exception) -> str:
    """Say what stands in the way, in the page's words where they are plain."""
    with suppress(Exception):
        text = await page.inner_text("body", timeout=LOOK_MS)
        if (gone := _GONE.search(text)) is not None:
            return f"the page says: {gone[0]}"
    first = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    return f"{step.kind} {step.what!r} did not work: {first}"


async def _text(page: Any) -> str:
    return " ".join((await page.inner_text("body")).split())


def prices_of(text: str) -> tuple[str, ...]:
    """Return all prices that a text names, each once."""
    found: dict[str, None] = {}
    for price in _PRICE.finditer(text):
        number = number_of(price["first"] or price["last"], money=True)
        unit = price["before"] or price["after"]
        if number is not None:
            found[f"{number:.2f} {_CURRENCY.get(unit, unit)}"] = None
    return tuple(found)


def _act(
    request: Any, address: str, step: Step, plan: Plan, prices: tuple[str, ...],
    passwords: list[tuple[str, bool]],
) -> Action:  # fmt: skip
    """Return the act that a request is.

    Raises:
        UsageError: If what it sends cannot be shown.
    """
    secret = {name for name, filled in passwords if filled}
    origins: dict[str, Origin] = {
        one.value: one.origin for one in plan.steps if one.kind in ("fill", "choose") and one.value
    }
    values: dict[str, Sent] = {}
    for name, value in _sent(request, hidden=bool(secret)):
        key, number = name, 2
        while key in values:
            key, number = f"{name} ({number})", number + 1
        values[key] = Sent(
            value="" if name in secret else value, secret=name in secret,
            fresh=name.casefold() in _FRESH, origin=origins.get(value, "page"),
        )  # fmt: skip
    return Action(
        kind=step.act, origin=origin_of(address), element=f'button "{step.what}"', values=values,
        cost=prices[0] if len(prices) == 1 else None, prices=prices,
        target=f"{request.method} {request.url}",
    )  # fmt: skip


def _sent(request: Any, *, hidden: bool) -> list[tuple[str, str]]:
    """Return what a request sends, name by name."""
    body: bytes = request.post_data_buffer or b""
    kind = str(request.headers.get("content-type") or "").casefold()
    if not body:
        return parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if hidden:
        raise UsageError(
            "a password is filled in, and what is sent is no form: this is yours to do"
        )
    if kind.startswith("multipart/form-data"):
        whole = message_from_bytes(
            f"Content-Type: {request.headers['content-type']}\n\n".encode() + body
        )
        return [_part(part) for part in whole.walk() if not part.is_multipart()]
    try:
        return [("(body)", body.decode("utf-8"))]
    except UnicodeDecodeError as error:
        raise UsageError("it sends something that cannot be shown") from error


def _part(part: Any) -> tuple[str, str]:
    name = str(part.get_param("name", "", "content-disposition"))
    content: bytes = part.get_payload(decode=True) or b""
    if (file := part.get_filename()) is not None:
        return name, f"file {file}, {len(content)} bytes, {hashlib.sha256(content).hexdigest()}"
    return name, content.decode("utf-8", "replace")
