"""A plan carried out in a real browser, up to the act that needs a yes, and then once.

The browser reaches the plan's sites and nothing else. What is pressed is looked at twice: when it
is shown to the person, and again right before the press; where one letter differs, it is asked
anew. Before an act is begun that is written down, so that after a crash nobody presses again
without having looked whether it happened.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import ASKED, Action, Sent, origin_of
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.plan import Plan, Step

__all__ = ["Executor", "Outcome", "Stage"]

WAIT_MS = 8_000
"""For a page that is slow."""
LOOK_MS = 1_500
"""For something that is there or is not."""
Stage = Literal["planned", "ready", "begun", "pressed", "seen"]
_PRICE = re.compile(
    r"(?P<sign>[€$£])\s?(?P<first>\d+(?:[.,]\d\d)?)|"
    r"(?P<last>\d+(?:[.,]\d\d)?)\s?(?P<unit>€|EUR|USD|GBP)"
)
_CURRENCY = {"€": "EUR", "$": "USD", "£": "GBP"}
_AWAY = re.compile(
    r"^\s*(?:close|dismiss|no,? thanks|not now|reject(?: all)?|decline|×|x)\s*$", re.IGNORECASE
)
_GONE = re.compile(
    r"\b(?:sold out|fully booked|no longer available|unavailable|expired)\b", re.IGNORECASE
)
_LONG = 16
_READS = ("GET", "HEAD", "OPTIONS")
_ONE_VISIT = re.compile(r"csrf|token|nonce|authenticity", re.IGNORECASE)
_FORM = """element => {
  const form = element.form || element.closest('form');
  const told = {fields: [], target: '', text: ''};
  if (!form) return told;
  told.target = new URL(form.getAttribute('action') || '', document.baseURI).href;
  told.text = form.innerText;
  for (const f of form.elements) {
    if (!f.name || f.disabled || f === element && !f.name) continue;
    if (['submit', 'button', 'reset', 'image'].includes(f.type)) {
      if (f === element && f.name) told.fields.push([f.name, f.value, false, false]);
      continue;
    }
    if (['checkbox', 'radio'].includes(f.type) && !f.checked) continue;
    const secret = f.type === 'password' || (f.autocomplete || '').startsWith('cc-');
    told.fields.push([f.name, secret ? '' : f.value, secret, f.type === 'hidden']);
  }
  return told;
}"""


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
        self._armed = False
        """Whether an act that was agreed to is under way."""

    async def run(self, plan: Plan, dialogue: str) -> Outcome:
        """Carry a plan out, from its first step; only an act that was agreed to is pressed.

        It may be called again after any outcome and any crash: what was begun before is looked
        for, not repeated.
        """
        await self._context.unroute_all()

        async def answer(route: Any) -> None:
            await self._answer(route, plan.sites)

        await self._context.route("**/*", answer)
        await self._context.route_web_socket("**/*", _closed)
        page = await self._context.new_page()
        page.set_default_timeout(self._wait_ms)
        done: list[Step] = []
        await self._on_stage("planned")
        try:
            for step in plan.steps:
                if (stopped := await self._step(page, plan, step, dialogue, done)) is not None:
                    return stopped
                done.append(step)
            return await self._receipt(page, plan, tuple(done))
        finally:
            with suppress(Exception):
                await page.close()

    async def _step(
        self, page: Any, plan: Plan, step: Step, dialogue: str, done: list[Step]
    ) -> Outcome | None:
        """Do one step; return an outcome where it ends there."""
        so_far = tuple(done)
        if step.kind == "person":
            return Outcome(state="person", why=step.what, done=so_far)
        try:
            if step.kind == "open":
                await page.goto(step.what, wait_until="load")
            elif step.kind == "press":
                return await self._press(page, plan, step, dialogue, so_far)
            else:
                await _gentle(page, step)
        except Exception as error:  # noqa: BLE001 (a page may do anything; the person is asked)
            return Outcome(
                state="surprise", why=await _what_is_wrong(page, step, error), done=so_far
            )
        if origin_of(page.url) not in plan.sites:
            return Outcome(state="surprise", why=f"it led to {page.url}", done=so_far)
        return None

    async def _press(
        self, page: Any, plan: Plan, step: Step, dialogue: str, done: tuple[Step, ...]
    ) -> Outcome | None:
        button = await _found(page, step)
        if step.act not in ASKED:
            await button.click()
            await page.wait_for_load_state("load")
            return None
        origins = {
            s.value: s.origin for s in plan.steps if s.kind in ("fill", "choose") and s.value
        }
        action = await _resolved(page, button, step, origins)
        await self._on_stage("ready")
        if self._consent.state(action, dialogue) != "new":
            return await self._look(page, plan, action, dialogue, done)
        taken = self._consent.take(action, dialogue)
        if not taken.allowed:
            return Outcome(
                state="waiting", why=taken.refusal or "not asked", action=action, done=done
            )
        if (now := await _resolved(page, button, step, origins)).digest != action.digest:
            return Outcome(state="waiting", why="another act", action=now, done=done)
        if not self._consent.begin(action, dialogue):
            return await self._look(page, plan, action, dialogue, done)
        await self._on_stage("begun")
        return await self._once(page, plan, button, action, dialogue, (*done, step))

    async def _once(
        self, page: Any, plan: Plan, button: Any, action: Action, dialogue: str,
        done: tuple[Step, ...],
    ) -> Outcome:  # fmt: skip
        """Press, and look for the receipt; without one look whether it happened."""
        self._armed = True
        with suppress(Exception):
            # Whether the press was seen by the site is told by what the site says, not by this.
            await button.click(no_wait_after=True)
        await self._on_stage("pressed")
        with suppress(Exception):
            await page.get_by_text(plan.receipt).first.wait_for(timeout=self._wait_ms)
            found = await self._receipt(page, plan, done)
            self._consent.end(action, dialogue, found.receipt)
            await self._on_stage("seen")
            return found
        self._armed = False
        return await self._look(page, plan, action, dialogue, done)

    async def _look(
        self, page: Any, plan: Plan, action: Action, dialogue: str, done: tuple[Step, ...]
    ) -> Outcome:  # fmt: skip
        """Look whether an act that had begun happened; never do it again."""
        if plan.look and plan.mark:
            with suppress(Exception):
                await page.goto(plan.look, wait_until="load")
                text = " ".join((await page.inner_text("body")).split())
                if plan.mark in text:
                    self._consent.end(action, dialogue, plan.mark)
                    return Outcome(
                        state="done",
                        why="it was done before",
                        action=action,
                        done=done,
                        receipt=plan.mark,
                    )
                self._consent.forget(action, dialogue)
                return Outcome(
                    state="waiting", why="it was begun and did not happen", action=action, done=done
                )
        self._consent.end(action, dialogue, "", known=False)
        return Outcome(
            state="unknown",
            why="it was begun; whether it happened cannot be seen",
            action=action,
            done=done,
        )

    async def _answer(self, route: Any, sites: tuple[str, ...]) -> None:
        """Let what only reads through to the plan's sites; what writes only during its act, once.

        Chromium sends a request again, a POST too, when a connection that it had kept open ends
        before the answer. So what writes is sent from here, and never again.
        """
        request = route.request
        writes = request.method not in _READS
        if not _within(request.url, sites) or (writes and not self._armed):
            return await route.abort()
        if not writes:
            return await route.continue_()
        self._armed = not request.is_navigation_request()
        try:
            found = await route.fetch(max_redirects=0, max_retries=0)
        except Exception:  # noqa: BLE001 (whether it arrived is looked for afterwards)
            return await route.abort()
        return await route.fulfill(response=found)

    async def _receipt(self, page: Any, plan: Plan, done: tuple[Step, ...]) -> Outcome:
        text = " ".join((await page.inner_text("body")).split())
        if plan.receipt not in text:
            return Outcome(state="surprise", why=f'it does not say "{plan.receipt}"', done=done)
        return Outcome(state="done", why="", done=done, receipt=text[:1_000])


async def _closed(socket: Any) -> None:
    """Close what would send and receive past the looking at requests."""
    await socket.close()


def _within(address: str, sites: tuple[str, ...]) -> bool:
    try:
        return origin_of(address) in sites
    except UsageError:
        return False


async def _gentle(page: Any, step: Step) -> None:
    """Do what changes nothing outside of the page."""
    await _clear(page)
    if step.kind == "see":
        await page.get_by_text(step.what).first.wait_for()
        return
    field = page.get_by_label(step.what, exact=True)
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
            if _AWAY.match(await button.inner_text()):
                await button.click()
                break


async def _found(page: Any, step: Step) -> Any:
    """Return what is to be pressed; of several of one name none is."""
    await _clear(page)
    name = {"name": step.what, "exact": True}
    found = page.get_by_role("button", **name).or_(page.get_by_role("link", **name))
    with suppress(Exception):
        await found.first.wait_for(timeout=LOOK_MS)
    count = await found.count()
    if count != 1:
        raise UsageError(f"there is {'no' if count == 0 else 'more than one'} {step.what!r}")
    if not await found.is_enabled():
        raise UsageError(f"{step.what!r} cannot be pressed")
    return found


async def _resolved(page: Any, button: Any, step: Step, origins: Mapping[str, Any]) -> Action:
    """Return the act that a press would be now."""
    told = await button.evaluate(_FORM)
    cost = None
    if (price := _PRICE.search(told["text"])) is not None:
        number = (price["first"] or price["last"]).replace(",", ".")
        unit = price["sign"] or price["unit"]
        cost = f"{number} {_CURRENCY.get(unit, unit)}"
    values: dict[str, Sent] = {}
    for name, value, secret, hidden in told["fields"]:
        # A number that the page makes up for each visit is the same act on the next visit.
        fresh = hidden and _ONE_VISIT.search(name) and len(value) >= _LONG and " " not in value
        kept = "" if fresh else value
        values[name] = Sent(value=kept, secret=secret, origin=origins.get(value, "page"))
    origin = origin_of(page.url)
    target = told["target"] if told["target"] and origin_of(told["target"]) != origin else ""
    return Action(
        kind=step.act, origin=origin, element=f'button "{step.what}"', values=values, cost=cost,
        target=target,
    )  # fmt: skip


async def _what_is_wrong(page: Any, step: Step, error: Exception) -> str:
    """Say what stands in the way, in the page's words where they are plain."""
    with suppress(Exception):
        text = await page.inner_text("body", timeout=LOOK_MS)
        if (gone := _GONE.search(text)) is not None:
            return f"the page says: {gone[0]}"
    first = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    return f"{step.kind} {step.what!r} did not work: {first}"
