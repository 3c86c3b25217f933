"""The page in the system's Chromium: asked, watched, reloaded, steered, approved, played again."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page, expect

from manyminds.core.events import Planned, RunStarted, Steered
from manyminds.testing import act, final
from manyminds.transcript.store import new_transcript_path, read_transcript
from tests.browser import watched
from tests.disputants import CRUX, QUESTION, dispute
from tests.server.conftest import OWNER_KEY, Served, owners_page
from tests.stub import Stub, say

PAGE = files("manyminds.server") / "page"
WEB = Path(__file__).parents[2] / "web"
HIDDEN_NOTE = "A month has a Friday the 13th where it begins on a Sunday."


@pytest.fixture
def served(stub: Stub, own_home: Path, tmp_path: Path) -> Iterator[Served]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "calendar.md").write_text(
        f"# Calendar\n\n{HIDDEN_NOTE} In 2026 February and March do.\n"
    )
    stub.behaviours = [dispute]
    with Served(home=own_home, model=stub.model, docs=docs) as one:
        yield one


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with owners_page(browser, served) as one:
        yield one


def begin(page: Page, question: str = QUESTION, mode: str = "heavy") -> str:
    page.get_by_label("Your question").fill(question)
    page.locator(".mode", has_text=mode).first.click()
    page.get_by_role("button", name=re.compile("^(Ask|Plan it)$")).click()
    page.wait_for_url("**/#/run/*")
    return page.url.rsplit("/", 1)[-1]


def events(served: Served, run: str) -> list[object]:
    path = new_transcript_path(served.home, run)
    return [recorded.event for recorded in read_transcript(path).events]


def test_a_question_is_asked_watched_and_answered(page: Page, served: Served, stub: Stub) -> None:
    stub.delay_s, stub.piece_s = 0.3, 0.4
    assert "token" not in page.url  # nobody who looks over a shoulder reads the key
    expect(page.locator(".price b").first).to_have_text("4.8k")
    run = begin(page)
    pane = page.get_by_label("Member m1")
    expect(pane).to_be_visible()
    expect(pane.locator(".words")).not_to_have_text("")
    stub.piece_s = 0.02  # slow enough to be seen until then, however slow the machine
    page.reload()  # in the middle
    expect(page.get_by_role("heading", level=1)).to_have_text(QUESTION)
    expect(page.locator(".answer.answered .prose")).to_have_text("3")
    expect(page.locator(".pane")).to_have_count(5)
    expect(page.locator(".crux h3")).to_have_text(CRUX)
    expect(page.locator(".movers")).to_contain_text("m1 changed its mind")
    expect(page.locator(".movement .thread.moved")).to_have_count(2)
    expect(page.get_by_text("m4 says")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Source 1")).hover()
    expect(page.get_by_role("tooltip")).to_contain_text(HIDDEN_NOTE)
    page.keyboard.press("3")
    expect(page.get_by_role("heading", name="Everything that happened")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator(".pane")).to_have_count(0)
    [started] = [e for e in events(served, run) if isinstance(e, RunStarted)]
    assert started.task.prompt == QUESTION


def test_a_run_is_steered_paused_and_told_to_answer(page: Page, served: Served, stub: Stub) -> None:
    stub.behaviours, stub.delay_s = [lambda _body: None], 0.0
    run = begin(page)
    expect(page.get_by_label("Member m1")).to_be_visible()
    page.get_by_placeholder("A hint for all who work").fill("Mind November")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".crumbs")).to_contain_text("paused")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".crumbs")).not_to_contain_text("paused")
    page.get_by_role("button", name="Drop").first.click()
    expect(page.get_by_label("Member m1").locator(".step")).to_contain_text("you dropped m1")
    page.get_by_role("button", name="Answer now").click()
    expect(page.locator(".answer.none")).to_be_visible()
    said = [(e.what, e.text) for e in events(served, run) if isinstance(e, Steered)]
    assert said == [("hint", "Mind November"), ("pause", ""), ("go", ""), ("drop", "m1"), ("now", "answer now")]  # fmt: skip


def test_a_plan_is_changed_before_anything_is_read(page: Page, served: Served, stub: Stub) -> None:
    plan = {"goal": "Find out", "parts": [{"question": "What is new?", "why": "w"}, {"question": "Since when?", "why": "w"}]}  # fmt: skip
    stub.behaviours = [say(json.dumps(plan))]
    run = begin(page, "What is new in it?", "research")
    page.get_by_label("Part 1", exact=True).fill("What is new in 2026?")
    page.get_by_label("Leave out part 2").click()
    page.get_by_label("Pages read for each part").fill("1")
    page.get_by_role("button", name="Go by my plan").click()
    expect(page.locator(".approval")).to_have_count(0)
    expect(page.locator(".answer")).to_be_visible(timeout=60_000)
    [planned] = [e for e in events(served, run) if isinstance(e, Planned)]
    assert planned.changed
    assert [p.question for p in planned.plan.parts] == ["What is new in 2026?"]
    assert planned.plan.pages == 1


def test_a_run_is_played_again_forked_shared_and_compared(page: Page, served: Served, stub: Stub, browser: Browser, tmp_path: Path) -> None:  # fmt: skip
    run = begin(page)
    expect(page.locator(".answer.answered")).to_be_visible()
    asked = len(stub.requests)
    slider = page.get_by_label("Event", exact=True)
    slider.fill("4")
    expect(page.locator(".answer.answered")).to_have_count(0)
    expect(page.locator(".scrubber output")).to_contain_text("4 of")
    page.get_by_role("button", name="Fork from here").click()
    page.wait_for_url(lambda url: not url.endswith(run))
    other = page.url.rsplit("/", 1)[-1]
    expect(page.locator(".answer.answered .prose")).to_have_text("3")
    assert len(stub.requests) > asked
    with page.expect_download() as got:
        page.get_by_role("button", name="Share as one file").click()
    copy = tmp_path / "copy.html"
    got.value.save_as(copy)
    text = copy.read_text()
    assert str(served.home) not in text
    assert stub.url not in text
    alone = browser.new_page()
    troubles = watched(alone)
    alone.goto(copy.as_uri())
    expect(alone.locator(".answer.answered .prose")).to_have_text("3")
    expect(alone.get_by_role("button", name="Fork from here")).to_have_count(0)
    alone.close()
    assert troubles == []
    page.keyboard.press("r")
    page.get_by_label("Search questions and answers").fill("fridays 2026")
    expect(page.locator(".rows li")).to_have_count(2)
    page.get_by_label(f"Compare {run}").check()
    page.get_by_label(f"Compare {other}").check()
    page.get_by_role("button", name="Compare two").click()
    expect(page.locator(".side .answer.answered")).to_have_count(2)
    page.goto(f"{served.url}/#/runs")
    page.get_by_label("Search questions and answers").fill("no such words")
    expect(page.get_by_text("Nothing holds all of these words.")).to_be_visible()


def test_the_page_says_what_went_wrong_and_leads_there(page: Page, stub: Stub) -> None:
    assumes = "We assume 7 chairs in each row, so 6 * 7 = 42."
    stub.behaviours = [say(final("42", reason=assumes))]
    begin(page, "How many chairs do 6 rows make?", "single")
    expect(page.locator(".answer")).to_contain_text("42")
    why = page.locator("section", has=page.get_by_role("heading", name="What went wrong"))
    expect(why.locator(".finding").first).to_contain_text("FM-2.2")
    expect(why).to_contain_text("was told while it worked, against FM-2.2: it went on as before")
    why.get_by_text("what shows it").first.click()
    expect(why.locator(".finding").first).to_contain_text(assumes[:30])
    why.get_by_role("button", name="Look there").first.click()
    expect(page.locator(".scrubber")).to_have_class("scrubber playing")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="What went wrong")).to_have_count(0)


def test_nothing_is_lost_where_the_connection_breaks(page: Page, stub: Stub) -> None:
    stub.delay_s = 0.6
    page.context.route("**/events", lambda route: route.abort())
    begin(page)
    expect(page.get_by_text("reconnecting")).to_be_visible()
    page.context.unroute("**/events")
    expect(page.locator(".answer.answered .prose")).to_have_text("3")
    expect(page.locator(".pane")).to_have_count(5)


def test_a_run_that_cannot_be_worked_says_why(browser: Browser, own_home: Path) -> None:
    with Served(home=own_home / "broken", model="http://127.0.0.1:9/v1#none") as served:
        context = browser.new_context()
        one = context.new_page()
        one.goto(f"{served.url}/#token={OWNER_KEY}")
        begin(one)
        expect(one.get_by_role("alert")).to_contain_text("nothing answers", timeout=30_000)
        expect(one.get_by_text("reconnecting")).to_have_count(0)
        context.close()


def test_a_draft_outlives_a_reload(page: Page) -> None:
    page.get_by_label("Your question").fill("Half a question")
    page.locator(".mode", has_text="single").click()
    page.reload()
    expect(page.get_by_label("Your question")).to_have_value("Half a question")
    expect(page.locator(".mode.chosen")).to_contain_text("single")


def test_it_works_behind_a_path(browser: Browser, stub: Stub, own_home: Path) -> None:
    stub.behaviours = [say(final("42"))]
    with Served(home=own_home, model=stub.model, root_path="/mm") as served:
        context = browser.new_context()
        one = context.new_page()
        troubles = watched(one)
        one.goto(f"{served.url}/mm/#token={OWNER_KEY}")
        begin(one, "What is 6 * 7?", "single")
        assert "/mm/#/run/" in one.url
        expect(one.locator(".answer.answered .prose")).to_have_text("42", timeout=20_000)
        one.reload()
        expect(one.locator(".answer.answered .prose")).to_have_text("42", timeout=20_000)
        context.close()
    assert troubles == []


def test_without_a_key_the_page_asks_for_it(browser: Browser, served: Served, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("MANYMINDS_MODELS", stub.model)  # what the doctor looks at
    context = browser.new_context()
    one = context.new_page()
    one.goto(served.url)
    one.get_by_label("Key of this server").fill(OWNER_KEY)
    one.get_by_role("button", name="Keep for this tab").click()
    expect(one.get_by_label("Your question")).to_be_visible()
    one.keyboard.press("Escape")
    one.goto(f"{served.url}/#/settings")
    one.get_by_role("button", name="Look at everything").click()
    expect(one.locator(".findings li").first).to_contain_text("Python", timeout=60_000)
    context.close()


def ever_new() -> str:
    """Two thousand words, no two alike: what repeats itself is cut."""
    letters = Random(8)
    return " ".join("".join(letters.choices("abcdefgh", k=5)) for _ in range(2_000))


def test_the_page_comes_at_once_and_does_not_jump_while_words_come(page: Page, stub: Stub) -> None:
    """As Lighthouse measures them: first paint, and the share of the screen that moved."""
    page.reload()
    page.wait_for_selector("textarea")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < 1_000
    size = sum(len(gzip.compress((PAGE / n).read_bytes())) for n in ("page.js", "page.css", "index.html"))  # fmt: skip
    assert size < 350 * 1024
    stub.behaviours, stub.piece_s = [say(final(ever_new()))], 0.02
    begin(page)
    expect(page.locator(".pane .words:not(:empty)")).to_have_count(2)
    page.evaluate(
        "window.moved = 0; new PerformanceObserver(l => l.getEntries().forEach(e => window.moved += e.value))"
        ".observe({type: 'layout-shift'})"
    )
    page.wait_for_timeout(800)
    assert page.locator(".pane .words:not(:empty)").count() == 2
    assert page.evaluate("window.moved") < 0.01


def test_eight_panes_at_sixty_words_a_second_drop_no_input(page: Page, stub: Stub) -> None:
    text = ever_new()
    stub.behaviours, stub.piece_s = [lambda _body: text], 1 / 60
    page.get_by_text("More: budget").click()
    page.get_by_role("textbox", name="Members").fill("8")
    page.get_by_label("Way and model").select_option("mixture")
    page.get_by_label("Your question").fill("What is 6 * 7?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".pane .words:not(:empty)")).to_have_count(8)
    # What stands in a pane is the end of what was written, so another end is more of it.
    ends = [text[-40:].strip() for text in page.locator(".pane .words").all_inner_texts()]
    page.evaluate(
        "window.slow = []; new PerformanceObserver(l => window.slow.push(...l.getEntries().map(e => e.duration)))"
        ".observe({type: 'event', durationThreshold: 16})"
    )
    typed = "every letter of this comes through"
    page.get_by_placeholder("A hint for all who work").press_sequentially(typed, delay=15)
    assert page.get_by_placeholder("A hint for all who work").input_value() == typed
    for place, was in enumerate(ends):
        pane = page.locator(".pane .words").nth(place)
        expect(pane).not_to_have_text(re.compile(re.escape(was) + r"\s*$"))
    slow = sorted(page.evaluate("window.slow"))
    assert not slow or slow[len(slow) // 2] < 200
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".answer.none")).to_be_visible()


@pytest.mark.parametrize(
    ("button", "what"),
    [("Once", "page"), ("All of there.example", "site"), ("Anything in this run", "run"),
     ("Not this page", "no"), ("Never there.example", "never")],
)  # fmt: skip
def test_an_address_that_nobody_named_waits_for_one_of_five_words(page: Page, served: Served, stub: Stub, button: str, what: str) -> None:  # fmt: skip
    address = "https://there.example/x?q=1"
    stub.behaviours = [say(act("read_page", address=address, about="it")), say(final("42"))]
    body = {"question": QUESTION, "model": "single", "web": True, "approve": True}
    run = served.http("").post("/v1/runs", json=body).json()["run"]
    page.goto(f"{served.url}/?again#/run/{run}")
    card = page.locator(".approval")
    for told in (
        address,
        "there.example",
        "One GET request",
        "The address itself",
        "When the run ends",
    ):
        expect(card).to_contain_text(told)
    card.get_by_role("button", name=button).click()
    expect(page.locator(".answer.answered")).to_be_visible()
    said = [(e.what, e.text) for e in events(served, run) if isinstance(e, Steered)]
    assert said == [(what, address)]


def test_a_member_is_added_and_the_budget_is_shown(page: Page, served: Served, stub: Stub) -> None:
    stub.behaviours, stub.delay_s = [lambda _body: None], 0.0
    page.get_by_text("More: budget").click()
    page.get_by_label("Budget, kept before it is spent").fill("50k")
    run = begin(page)
    expect(page.get_by_label("Member m1")).to_be_visible()
    expect(page.get_by_label(re.compile("of the budget")).first).to_be_visible()
    page.get_by_role("button", name="+ member").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".answer.none")).to_be_visible()
    said = [e.what for e in events(served, run) if isinstance(e, Steered)]
    assert said == ["add", "cancel"]


@pytest.mark.parametrize("light", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read(browser: Browser, served: Served, light: str) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        color_scheme=light,
        reduced_motion="reduce",  # pyright: ignore[reportArgumentType]
    )
    one = context.new_page()
    one.goto(f"{served.url}/#token={OWNER_KEY}")
    begin(one)
    expect(one.locator(".answer.answered")).to_be_visible(timeout=20_000)
    assert one.evaluate("document.documentElement.scrollWidth") <= 360
    assert one.locator("[aria-live=polite]").count() == 1
    unnamed = "[...document.querySelectorAll('button, a, input, select, textarea')].filter(e => !(e.textContent.trim() || e.labels?.length || e.getAttribute('aria-label'))).length"
    assert one.evaluate(unnamed) == 0
    assert one.evaluate(CONTRAST) == []
    context.close()


CONTRAST = """
() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll('main *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('svg, :disabled, .sr') || !e.offsetParent) continue;
    const [a, b] = [lum(parse(getComputedStyle(e).color).slice(0, 3)), lum(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.className || e.tagName}: ${ratio.toFixed(2)}`);
  }
  return poor;
}
"""


def test_the_bundle_is_made_of_these_sources() -> None:
    """Whoever changes `web/` builds it anew: make page."""
    names = sorted(p for p in [*WEB.glob("src/**/*"), *(WEB / n for n in ("index.html", "package-lock.json", "vite.config.ts"))] if p.is_file() and ".test." not in p.name)  # fmt: skip
    digest = hashlib.sha256()
    for path in names:
        digest.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    assert (PAGE / "sources.sha256").read_text().strip() == digest.hexdigest()
