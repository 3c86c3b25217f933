"""A plan carried out in a real browser, up to the act that needs a yes, and then once.

The act is not guessed from the page: the button is pressed, and the request that it makes is held
before it leaves. What the person is shown is that request; what is sent after their yes is that
request again, compared in every part, by this program, once. Everything else that would write is
stopped. Before it leaves that is written down, so that after a crash nobody sends it again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import ASKED, Action, within
from manyminds.recommend.doing.consent import Consent, Past
from manyminds.recommend.doing.page import found, gently, text_of, what_is_wrong
from manyminds.recommend.doing.plan import Plan, Step, digest_of
from manyminds.recommend.doing.request import act_of
from manyminds.recommend.doing.secrets import Secrets

__all__ = ["Executor", "Outcome", "Stage", "launch_arguments"]

WAIT_MS = 8_000
"""For a page that is slow."""
_PRESSED_S = 0.3
"""How long after a press it is waited for what it sends."""
_STILL, _STILL_S = 3, 0.05
"""How often in a row, and how long, nothing may come before a page that was left is closed."""
_MOST_STOPPED = 1_000
"""Requests that would write, after which a page may send nothing new at all."""
_LEAVING_S, _HUSH_S = 30.0, 2.0
"""For all of that, and for telling a page to send nothing new."""
Stage = Literal["planned", "ready", "begun", "pressed", "seen"]
_READS = ("GET", "HEAD", "OPTIONS")
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


def _named(plan: Plan, place: int) -> str:
    """Name one step of one plan."""
    return f"{digest_of(plan)} {place}"


async def _nothing(_stage: Stage) -> None:
    """Nobody wants to know."""


class Executor:
    """Carries out plans in one browser's context; of the person it reads the plan alone."""

    def __init__(
        self, context: Any, consent: Consent, *,
        on_stage: Callable[[Stage], Awaitable[None]] = _nothing, wait_ms: int = WAIT_MS,
        pays: Callable[[Action], object] | None = None,
    ) -> None:  # fmt: skip
        """Set up.

        Args:
            context: Playwright's, of the browser.
            consent: What the person has said yes to.
            on_stage: Told how far an act has come.
            wait_ms: For a page that is slow.
            pays: Asked right before an act that pays is sent; it raises a `UsageError` where that
                may not be.
        """
        self._context, self._consent, self._pays = context, consent, pays
        self._on_stage, self._wait_ms = on_stage, wait_ms
        self._held: asyncio.Future[Any] | None = None
        """Where the next request that writes is held; `None`: it is stopped."""
        self._answering = self._came = 0
        """Requests that are being looked at, and all that would write that have come."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._sessions: dict[Any, Any] = {}
        """By page, by what Chromium is told to let it send nothing new."""
        self._hushing: set[asyncio.Task[None]] = set()
        self._secrets = Secrets()
        """What fields for secrets held: it stands in nothing that is shown or kept."""
        self.stopped: list[str] = []
        """Addresses that something would have been written to."""

    async def run(self, plan: Plan, dialogue: str, *, mine_done: bool = False) -> Outcome:
        """Carry a plan out, from its first step; only an act that was agreed to is sent.

        It may be called again after any outcome and any crash: what was begun before is looked for,
        and never sent again.

        Args:
            plan: What to do.
            dialogue: What it is part of; it has one act.
            mine_done: Whether the person has done the step of theirs that it waited at; at a later
                one it waits again. Before the first wait it is of the first such step.
        """
        done: list[Step] = []
        if mine_done and not self._consent.mine_done(dialogue):
            theirs = [place for place, step in enumerate(plan.steps) if step.kind == "person"]
            if theirs and self._consent.pause(dialogue, _named(plan, theirs[0])):
                self._consent.mine_done(dialogue)
        async with self.opened(plan.sites) as page:
            try:
                found = await self._steps(page, plan, dialogue, done)
            except Exception as error:  # noqa: BLE001 (a page may do anything; the person is told)
                first = self._secrets.hide((str(error).splitlines() or [""])[0])[:160]
                found = self._stopped(dialogue, f"{type(error).__name__}: {first}", tuple(done))
        return replace(found, why=self._secrets.hide(found.why))

    @asynccontextmanager
    async def opened(self, sites: tuple[str, ...]) -> AsyncGenerator[Any]:
        """Open a page that reaches these sites alone and writes nothing."""
        self._held = None
        await self._context.unroute_all()

        async def answer(route: Any) -> None:
            # What only reads may go as a page closes, and some pages read all the time.
            self._came += route.request.method not in _READS
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
        # Made while nothing comes: later it would have to wait behind all that does.
        self._sessions[page] = await self._context.new_cdp_session(page)
        await self._sessions[page].send("Network.enable")
        try:
            yield page
        finally:
            self._held = None
            await self._leave(set(self._context.pages) - before)
            self._sessions.clear()

    async def wrote(self, before: set[str]) -> bool:
        """Say whether something would have been written, to where nothing was before."""
        await asyncio.sleep(_PRESSED_S)
        return bool(set(self.stopped) - before)

    async def _leave(self, pages: set[Any]) -> None:
        """Close pages so that nothing of them is sent any more.

        Chromium lets requests go that are held up when their page closes. So a page may first send
        nothing new, then it is left for an empty one, which ends most of what it was about to
        send, and what outlives it (beacons) is waited for, until it has come and has been stopped.
        """
        with suppress(Exception):
            async with asyncio.timeout(_LEAVING_S):
                for page in pages:
                    await self._hush(page)
                for page in pages:
                    await page.goto("about:blank", timeout=1_000 * _LEAVING_S)
                await self._still()
        for page in pages:
            with suppress(Exception):
                await page.close()

    async def _hush(self, page: Any) -> None:
        """Let a page send nothing new; while it goes elsewhere Chromium does not hear that."""
        with suppress(Exception):
            async with asyncio.timeout(_HUSH_S):
                if (session := self._sessions.get(page)) is None:  # a window of the page's own
                    session = await self._context.new_cdp_session(page)
                    await session.send("Network.enable")
                await session.send("Network.setBlockedURLs", {"urls": ["*"]})

    async def _still(self) -> None:
        """Return when nothing that writes comes any more and all that came was answered."""
        quiet = 0
        while quiet < _STILL:
            came = self._came
            # On a busy machine this takes longer, as what comes does.
            await asyncio.sleep(_STILL_S)
            await self._idle.wait()
            quiet = quiet + 1 if self._came == came else 0

    async def _steps(self, page: Any, plan: Plan, dialogue: str, done: list[Step]) -> Outcome:
        if (past := self._consent.past(dialogue)) is not None:
            return await self._look(page, plan, past, dialogue)
        await self._on_stage("planned")
        for place, step in enumerate(plan.steps):
            if step.kind == "person":
                if self._consent.pause(dialogue, _named(plan, place)):
                    return Outcome(state="person", why=step.what, done=tuple(done))
            elif step.act in ASKED:
                return await self._press(page, plan, step, dialogue, tuple(done))
            else:
                try:
                    await self._secrets.see(page)
                    await gently(page, step)
                except Exception as error:  # noqa: BLE001 (told in the page's words where it has any)
                    why = await what_is_wrong(page, step, error)
                    return Outcome(state="surprise", why=why, done=tuple(done))
                if not within(page.url, plan.sites):
                    why = f"it led to {page.url}"
                    return Outcome(state="surprise", why=why, done=tuple(done))
            done.append(step)
        text = await text_of(page)
        if not plan.receipt or plan.receipt not in text:
            return Outcome(
                state="surprise", why=f'it does not say "{plan.receipt}"', done=tuple(done)
            )
        told = self._secrets.hide(text)[:1_000]
        return Outcome(state="done", why="", done=tuple(done), receipt=told)

    async def _press(
        self, page: Any, plan: Plan, step: Step, dialogue: str, done: tuple[Step, ...]
    ) -> Outcome:
        """Press, hold what would be sent, and send it if the person has said yes to just that."""
        try:
            button = await found(page, step)
        except UsageError as error:
            why = await what_is_wrong(page, step, error)
            return Outcome(state="surprise", why=why, done=done)
        if plan.receipt and plan.receipt in await text_of(page):
            why = f'the page says "{plan.receipt}" before anything was done'
            return Outcome(state="surprise", why=why, done=done)
        marks = await self._marks(plan)
        text = await page.inner_text("body")
        here = Secrets()  # of this page alone: it says which of its fields hold them
        self._secrets.values |= await here.see(page)
        self._held = asyncio.get_running_loop().create_future()
        await button.click(no_wait_after=True)
        try:
            async with asyncio.timeout(self._wait_ms / 1_000):
                route = await self._held
            here.values |= self._secrets.values
            action = act_of(route.request, page.url, step, plan, text, here)
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
        if not taken.allowed:
            return taken.refusal or "not asked"
        try:
            if self._pays is not None and action.kind == "pay":
                self._pays(action)
        except UsageError as error:
            return str(error)
        return None

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
                text = await text_of(page)
                told = self._secrets.hide(text)[:1_000]
                if not plan.receipt:
                    why = "it was sent; whether it was taken, you can read"
                    return Outcome(state="unknown", why=why, done=done, receipt=told)
                if within(page.url, plan.sites) and plan.receipt in text:
                    self._consent.end(dialogue, told)
                    await self._on_stage("seen")
                    return Outcome(state="done", why="", done=done, receipt=told)
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
            return (await text_of(page)).count(plan.mark) if seen else None
        except Exception:  # noqa: BLE001 (what cannot be looked at is not known)
            return None
        finally:
            await self._leave({page})

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
        if len(self.stopped) % _MOST_STOPPED == 0:  # it would bury us, and what comes is looked at
            for page in self._sessions:
                task = asyncio.create_task(self._hush(page))
                self._hushing.add(task)
                task.add_done_callback(self._hushing.discard)
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
