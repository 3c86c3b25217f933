import io
from datetime import timedelta

import pytest
from rich.console import Console

from manyminds.cli.view import Lines, Panes, choose_view, draw, safe
from manyminds.core.events import MemberEnded, MemberStarted
from manyminds.core.values import Task
from manyminds.testing import ScriptedRun
from manyminds.transcript.board import Board
from tests.flows.test_snapshots import FLOWS

pytestmark = pytest.mark.anyio


async def played(name: str) -> ScriptedRun:
    strategy, script = FLOWS[name]
    run = ScriptedRun(task=Task(prompt="What is 17 % of 2350?"), script=script)
    await strategy(run)
    return run


@pytest.mark.parametrize("name", FLOWS)
async def test_every_member_that_starts_ends_exactly_once(name: str) -> None:
    open_: dict[str, int] = {}
    for recorded in (await played(name)).events:
        if isinstance(recorded.event, MemberStarted):
            member = recorded.event.member.name
            open_[member] = open_.get(member, 0) + 1
            assert open_[member] == 1
        if isinstance(recorded.event, MemberEnded):
            open_[recorded.event.member] -= 1
    assert set(open_.values()) == {0}


async def test_the_panes_show_who_does_what_and_what_was_settled() -> None:
    run = await played("heavy_settles_and_revises")
    board = Board(began=run.events[0].at)
    for recorded in run.events:
        board.take(recorded)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(draw(board, run.events[-1].at + timedelta(seconds=1)))
    shown = console.export_text()
    for word in ("m1", "compute", "m4", "checker1", "cruxes", "Is it 395 or 399.5?", "399.5 supported", "round", "tokens", "$0.0"):  # fmt: skip
        assert word in shown


async def test_plain_lines_tell_the_same_story(capsys: pytest.CaptureFixture[str]) -> None:
    view = Lines()
    for recorded in (await played("heavy_changes_nobody_by_company")).events:
        view.on_event(recorded)
    err = capsys.readouterr().err
    assert "gate: a first attempt by 2" in err
    assert "crux1: 395 contradicted, 399.5 supported" in err
    assert "m2 refused its answer: no new evidence supports the change" in err
    assert "\x1b" not in err


async def test_panes_can_be_fed_and_closed_without_a_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    with Panes(console) as panes:
        for recorded in (await played("single")).events:
            panes.on_event(recorded)
            panes.on_progress("m1", 3, "abc")
        panes.on_notice("a line")


def test_without_a_terminal_there_are_lines() -> None:
    assert isinstance(choose_view(quiet=False, json_=False), Lines)
    assert choose_view(quiet=True, json_=False).silent


def test_control_characters_are_taken_out() -> None:
    assert safe("a\x1b[31mb\u202ec\n") == "a[31mbc\n"
