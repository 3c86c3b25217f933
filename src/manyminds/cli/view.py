"""Watching a run: panes where there is a terminal, plain lines where there is none."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from manyminds.core.events import Recorded
from manyminds.core.values import Ruling
from manyminds.transcript.board import Board, Pane, verdict_line

__all__ = ["Lines", "Panes", "Silent", "View", "choose_view", "draw", "safe"]

_MARKS = {
    "working": ("●", "cyan"),
    "finished": ("✔", "green"),
    "failed": ("✘", "red"),
    "cancelled": ("–", "yellow"),
}


def safe(text: str) -> str:
    """Return text without control characters: what a model wrote must not steer a terminal."""
    return "".join(c for c in text if c in "\n\t" or c.isprintable())


class View(ABC):
    """Somebody who looks on."""

    live = False
    """Whether it wants to be told of every piece of a reply."""
    silent = False

    def __enter__(self) -> "View":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    @contextmanager
    def paused(self) -> Generator[None]:
        """Keep out of the way while a person is asked something."""
        yield

    @abstractmethod
    def on_event(self, recorded: Recorded) -> None:
        """Take an event."""

    def on_progress(self, member: str, pieces: int, text: str) -> None:  # noqa: B027 (most need none)
        """Take word of a reply coming in."""

    @abstractmethod
    def on_notice(self, line: str) -> None:
        """Take word of what is being readied."""


class Silent(View):
    """Shows nothing."""

    silent = True

    def on_event(self, recorded: Recorded) -> None:
        """Show nothing."""

    def on_notice(self, line: str) -> None:
        """Show nothing."""


class Lines(View):
    """One plain line for what matters, to stderr."""

    def __init__(self) -> None:
        self._board = Board()

    def on_event(self, recorded: Recorded) -> None:
        """Print the event's line, if it has one."""
        line = self._board.take(recorded)
        if line is not None:
            began = self._board.began or recorded.at
            seconds = (recorded.at - began).total_seconds()
            print(f"{seconds:6.1f}s  {safe(line)}", file=sys.stderr, flush=True)

    def on_notice(self, line: str) -> None:
        """Print the line."""
        print(f"         {safe(line)}", file=sys.stderr, flush=True)


class Panes(View):
    """Live panes, one per member."""

    live = True

    def __init__(self, console: Console) -> None:
        self._board = Board()
        self._console = console
        self._live = Live(
            console=console, get_renderable=self._draw, refresh_per_second=8, transient=False
        )
        self._skew = 0.0

    def __enter__(self) -> "Panes":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    @contextmanager
    def paused(self) -> Generator[None]:
        """Take the panes off the screen for as long."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def _draw(self) -> RenderableType:
        now = datetime.now(UTC) if not self._board.over else self._board.now
        return draw(self._board, now)

    def on_event(self, recorded: Recorded) -> None:
        """Fold the event in; the next refresh shows it."""
        self._board.take(recorded)

    def on_progress(self, member: str, pieces: int, text: str) -> None:
        """Fold the progress in."""
        del text
        self._board.progress(member, pieces)

    def on_notice(self, line: str) -> None:
        """Print the line above the panes."""
        self._console.print(Text(safe(line), style="dim"))


def choose_view(*, quiet: bool, json_: bool) -> View:
    """Return the view that fits where stderr goes."""
    if quiet:
        return Silent()
    no_color = bool(os.environ.get("NO_COLOR"))
    if json_ or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return Lines()
    return Panes(Console(stderr=True, no_color=no_color, highlight=False))


def draw(board: Board, now: datetime | None) -> RenderableType:
    """Draw the board."""
    parts: list[RenderableType] = []
    if board.panes:
        parts.append(_panes(board, now))
    if board.cruxes:
        parts.append(_cruxes(board))
    if board.began is not None:
        parts.append(_bar(board, now))
    return Group(*parts)


def _panes(board: Board, now: datetime | None) -> Table:
    grid = Table.grid(expand=True, padding=(0, 0))
    panes = list(board.panes.values())
    across = 2 if len(panes) > 1 else 1
    for _ in range(across):
        grid.add_column(ratio=1)
    for start in range(0, len(panes), across):
        row = [_pane(pane, now) for pane in panes[start : start + across]]
        grid.add_row(*row, *[""] * (across - len(row)))
    return grid


def _pane(pane: Pane, now: datetime | None) -> Panel:
    mark, color = _MARKS[pane.state]
    end = pane.ended or now
    seconds = (end - pane.since).total_seconds() if end and pane.since else 0.0
    written = f" {pane.writing}" if pane.writing else ""
    body = Text(no_wrap=True, overflow="ellipsis")
    body.append(safe(f"{pane.step}{written}").replace("\n", " ") + "\n")
    answer = "" if pane.answer is None else " ".join(safe(pane.answer).split())
    body.append(f"→ {answer}" if answer else " ", style="bold")
    title = Text.assemble(
        (f"{mark} {pane.name} ", f"bold {color}"), (pane.way.replace("_", " "), "italic")
    )
    tokens = f"{pane.spend.tokens:,} tok · {money(pane.spend.usd)} · {seconds:.0f} s"
    subtitle = Text(f"{pane.model.rpartition(':')[2][-24:]} · {tokens}", style="dim")
    return Panel(
        body, title=title, subtitle=subtitle, title_align="left", subtitle_align="right",
        border_style=color,
    )  # fmt: skip


def _cruxes(board: Board) -> Panel:
    body = Table.grid(padding=(0, 1))
    body.add_column(ratio=1)
    body.add_column()
    for id_, question in board.cruxes.items():
        rulings = board.rulings.get(id_)
        said = Text("being checked", style="dim") if rulings is None else _verdict(rulings)
        body.add_row(
            Text(" ".join(safe(question).split()), overflow="ellipsis", no_wrap=True), said
        )
    return Panel(body, title="cruxes", title_align="left", border_style="magenta")


def _verdict(rulings: tuple[Ruling, ...]) -> Text:
    settled = any(r.support != "unsure" for r in rulings)
    return Text(safe(verdict_line(rulings)), style="green" if settled else "yellow")


def _bar(board: Board, now: datetime | None) -> Text:
    began = board.began
    seconds = (now - began).total_seconds() if now and began else 0.0
    shares: list[str] = [f"{board.spend.tokens:,} tokens"]
    if board.limits.tokens is not None:
        share = min(1.0, board.spend.tokens / board.limits.tokens)
        shares[0] = f"{_blocks(share)} {board.spend.tokens:,} of {board.limits.tokens:,} tokens"
    limit = board.limits.usd
    shares.append(money(board.spend.usd) + (f" of ${limit}" if limit is not None else ""))
    cap = board.limits.seconds
    shares.append(f"{seconds:.0f} s" + (f" of {cap:.0f} s" if cap is not None else ""))
    phase = f"{board.phase} · round {board.round}" if board.phase else board.strategy
    return Text.assemble((f" {phase} ", "reverse"), "  ", "  ·  ".join(shares))


def _blocks(share: float, width: int = 20) -> str:
    full = round(share * width)
    return "█" * full + "░" * (width - full)


def money(usd: object) -> str:
    """Write dollars; an unknown price is said to be unknown."""
    return "$ unknown" if usd is None else f"${float(str(usd)):.4f}"
