"""Whatever models, pages and tools say is shown as text: in the page, in a shared file, in a terminal."""

import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from manyminds.cli.app import run
from manyminds.core.events import (
    Checked,
    Compared,
    CruxNamed,
    CruxSettled,
    Event,
    MemberEnded,
    MemberStarted,
    NoteShared,
    PhaseStarted,
    Recorded,
    Replied,
    Revised,
    RunEnded,
    RunStarted,
    Selected,
    ToolCalled,
    ToolReturned,
)
from manyminds.core.values import (
    NOTHING_SPENT,
    Answer,
    Canonical,
    Citation,
    Claim,
    Crux,
    Dispute,
    Dissent,
    Evidence,
    Group,
    Limits,
    Looked,
    Member,
    Note,
    Plan,
    Report,
    Ruling,
    Section,
    Statement,
    Task,
    Verdict,
)
from manyminds.transcript.store import TranscriptWriter, new_transcript_path
from tests.browser import browsing, watched
from tests.chaos.counts import COUNTS
from tests.security.payloads import ALL
from tests.server.conftest import OWNER_KEY, Served
from tests.stub import Stub

NAME = "20260101-000000-abcdef"
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with browsing() as one:
        yield one


def written(home: Path, payloads: list[str], name: str = NAME) -> None:
    """Write a run in which each payload stands wherever words of others are shown."""
    path = new_transcript_path(home, name)
    writer = TranscriptWriter(path)
    for number, event in enumerate(events(payloads)):
        writer.write(Recorded(run=name, number=number, at=AT, event=event))
    writer.close()


def events(payloads: list[str]) -> Iterator[Event]:
    first = payloads[0]
    member = Member(name="m1", way=first, model=first)
    yield RunStarted(task=Task(prompt="\n\n".join(payloads)), strategy="heavy", members=(member,), limits=Limits(), seed=1, version="", prompts="")  # fmt: skip
    yield PhaseStarted(phase="work", round=1, why=first)
    yield MemberStarted(member=member, round=1)
    groups: list[Group] = []
    for step, text in enumerate(payloads, 1):
        evidence = Evidence(id=f"e{step}", tool="python", request=text, output=text, source=text, title=text)  # fmt: skip
        key = Canonical(kind="text", key=text)
        yield ToolCalled(step=step, member="m1", tool="python", arguments={"code": text})
        yield ToolReturned(step=step, member="m1", tool="python", evidence=(evidence,), error=text if step % 2 else None, seconds=0.0)  # fmt: skip
        yield Replied(step=step, member="m1", model=text, purpose="work", prompt_hash="", seed=1, text=text, calls=(), finish="stop", spend=NOTHING_SPENT, seconds=0.1, first_token_s=None)  # fmt: skip
        yield NoteShared(note=Note(member="m1", round=1, answer=text, canonical=key, reason=text, evidence=(evidence,)))  # fmt: skip
        yield Checked(author="m1", verdict=Verdict(outcome="accepted", reason=text, verifier=text))
        yield CruxNamed(crux=Crux(id=f"crux{step}", question=text))
        yield CruxSettled(crux=f"crux{step}", rulings=(Ruling(crux=f"crux{step}", canonical=key, support="supported", reason=text, evidence=(evidence,)),))  # fmt: skip
        groups.append(Group(label="A", canonical=key, members=(f"m{step}",)))
    yield MemberEnded(member="m1", state="failed", reason=first)
    yield Compared(round=1, groups=tuple(groups))
    yield Revised(member="m1", result="changed", reason=first)
    yield Selected(author="m1", canonical=first, scores=dict.fromkeys(payloads, 1.0), why=first)
    citations = tuple(Citation(source=t, quote=t, start=0, end=1, support="supported", title=t, author=t, date=t) for t in payloads)  # fmt: skip
    stated = tuple(Statement(text=t, support="supported", citations=(n,), said_by=t) for n, t in enumerate(payloads))  # fmt: skip
    report = Report(
        plan=Plan(goal=first, parts=()), sections=(Section(title=first, statements=stated),),
        disputes=tuple(Dispute(about=t, sides=stated[:1], followed=True, why=t) for t in payloads),
        not_found=tuple(Looked(what=t, why=t) for t in payloads), copies=(tuple(payloads),),
    )  # fmt: skip
    yield RunEnded(
        answer=Answer(
            outcome="answered", text="\n\n".join(payloads), canonical=first, confidence=0.5, reason=first,
            author="m1", claims=tuple(Claim(text=t, support="supported") for t in payloads),
            evidence=tuple(Evidence(id=f"e{n}", tool=t, request=t, output=t) for n, t in enumerate(payloads)),
            citations=citations, how=first, report=report, missing=tuple(payloads),
            dissent=tuple(Dissent(member=t, answer=t, reason=t) for t in payloads),
        ),
        stopped_by=None, seconds=1.0,
    )  # fmt: skip


LIVE = """() => [...document.querySelectorAll('#root *')].filter(e =>
  /^(script|iframe|object|embed|base|meta|link|img|video|audio|template)$/i.test(e.tagName)
  || [...e.attributes].some(a => /^on/i.test(a.name) || (/^(href|src|action)$/i.test(a.name) && !/^(https?:|#|$)/i.test(a.value)))
  ).map(e => e.outerHTML.slice(0, 120))"""


def is_dead(page: Page, troubles: list[str]) -> None:
    """Hold against a page that nothing ran, nothing was asked for, nothing could be."""
    assert page.evaluate("window.fired") is None
    assert page.evaluate(LIVE) == []
    assert page.evaluate("document.title") is not None
    assert [t for t in troubles if not t.startswith("console: Failed")] == []


def test_nothing_fires_in_the_page_nor_in_a_shared_file(served: Served, stub: Stub, browser: Browser, tmp_path: Path) -> None:  # fmt: skip
    written(served.home, ALL)
    context = browser.new_context()
    page = context.new_page()
    troubles = watched(page)
    page.goto(f"{served.url}/#token={OWNER_KEY}")
    page.evaluate("localStorage.setItem('manyminds.view', 'detailed')")
    page.goto(f"{served.url}/?again#/run/{NAME}")
    expect(page.locator(".answer")).to_be_visible(timeout=30_000)
    # They are all there, as words.
    shown, ends = page.locator("main"), time.monotonic() + 30
    while shown.inner_text().count("window.fired=1") <= 500 and time.monotonic() < ends:
        page.wait_for_timeout(100)
    assert shown.inner_text().count("window.fired=1") > 500
    is_dead(page, troubles)
    for mark in page.locator(".mark").all()[:: max(1, len(ALL) // 20)]:
        mark.focus()
        is_dead(page, troubles)
    page.goto(f"{served.url}/?third#/runs")
    expect(page.locator(".rows li")).to_have_count(1)
    is_dead(page, troubles)
    copy = tmp_path / "copy.html"
    copy.write_bytes(served.http("").get(f"/v1/runs/{NAME}/share").content)
    page.goto(copy.as_uri())
    expect(page.locator(".answer")).to_be_visible(timeout=30_000)
    is_dead(page, troubles)
    context.close()
    COUNTS["words that want to be more than words, in the page and in a shared file"] += len(ALL)
    COUNTS["of these that fired, or asked for something elsewhere"] += 0


@pytest.mark.parametrize("command", [["show", NAME], ["replay", NAME], ["runs"]])
def test_nothing_steers_a_terminal(own_home: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:  # fmt: skip
    written(own_home, ALL)
    assert run(command) == 0
    out, err = capsys.readouterr()
    shown = out + err
    assert len(shown) > 100
    steering = {c for c in shown if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf")}
    assert steering == set()


def test_there_are_as_many_as_are_told_of() -> None:
    assert len(ALL) == len(set(ALL)) >= 120


@pytest.fixture
def served(stub: Stub, own_home: Path) -> Iterator[Served]:
    with Served(home=own_home, model=stub.model) as one:
        yield one
