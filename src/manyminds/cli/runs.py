"""`manyminds runs`, `show` and `replay`: what was done before, from its transcripts."""

import asyncio
import io
import json
import re
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from manyminds.cli.reports import check_outs, report_as_text, write_out
from manyminds.cli.view import choose_view, draw, safe
from manyminds.cli.words import answer_as_text, as_json_line, notice
from manyminds.core.errors import ProviderError, RecordError, UsageError
from manyminds.core.messages import JsonValue
from manyminds.runtime.ask import Asked
from manyminds.runtime.elsewhere import in_touch, located, read_standing
from manyminds.runtime.kept import asked_of, question_of, state_of
from manyminds.runtime.paths import data_home
from manyminds.runtime.result import cost_as_json
from manyminds.transcript.board import Board
from manyminds.transcript.store import (
    Transcript,
    new_transcript_path,
    read_transcript,
    run_names,
    transcript_path,
)

__all__ = ["replay", "runs", "show"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
_LONGEST_PAUSE_S = 2.0
_SVG = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Rich's picture without its fonts, which a viewer would fetch from elsewhere."""


def runs(*, limit: int = 20, json_: Json = False) -> int:
    """List the runs that are kept, newest first.

    Args:
        limit: How many.
        json_: Print one JSON object.
    """
    _pull_newest(limit)
    rows: list[JsonValue] = []
    for name in islice(run_names(data_home()), limit):
        try:
            rows.append(_row(name))
        except RecordError as error:
            notice(str(error))
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "runs": rows}, ensure_ascii=False))
        return 0
    for row in rows:
        if isinstance(row, dict):
            asked_, answered = _cell(row["question"], 50), _cell(row["answer"], 30)
            stands = row["outcome"] if row["state"] == "finished" else row["state"]
            print(safe(f"{row['run']}  {stands!s:10} {asked_:50}  {answered}"))
    if not rows:
        notice('no runs yet; start with: manyminds ask "QUESTION"')
    return 0


def _pull_newest(limit: int) -> None:
    """Bring the newest runs of the fleet here, where there is one."""
    try:
        with in_touch() as fleet:
            for name in () if fleet is None else fleet.newest(limit):
                known = read_standing(new_transcript_path(data_home(), name).parent)
                if fleet is not None and (known is None or not known.over):
                    fleet.pull(data_home(), name)
    except ProviderError as error:
        notice(f"{error}; these runs are as they were seen last")


def _row(name: str) -> JsonValue:
    transcript = read_transcript(transcript_path(data_home(), name))
    state = state_of(transcript)
    if state == "queued":
        return {
            "run": name, "state": state, "outcome": "none", "strategy": None,
            "question": question_of(transcript), "answer": None, "cost": None,
        }  # fmt: skip
    asked = asked_of(transcript)
    return {
        "run": name, "state": state, "outcome": asked.answer.outcome, "strategy": asked.strategy,
        "question": question_of(transcript), "answer": asked.answer.text,
        "cost": cost_as_json(asked.cost),
    }  # fmt: skip


def show(
    run: str = "last", *, svg: Path | None = None, out: Path | None = None, json_: Json = False
) -> int:
    """Show one run again: answer, support, dissent, cost.

    Args:
        run: Its name, a unique part of it, or `last`.
        svg: Write a picture of the panes and the answer to this file.
        out: Write the report of a research to this file: .md, .html, .json, or .csv for a table.
        json_: Print the object that `ask --json` printed.
    """
    path = located(data_home(), run)
    if out is not None:
        check_outs((out,), (".md", ".html", ".json", ".csv"))
    asked = read_asked(path)
    question = question_of(read_transcript(path))
    if svg is not None:
        picture(read_transcript(path), answer_as_text(asked), svg)
    if out is not None:
        write_out(asked, out, question)
    print(as_json_line(asked) if json_ else report_as_text(asked, question))
    return 0


def replay(run: str = "last", *, speed: float = 4.0, json_: Json = False) -> int:
    """Play the live view of a run again from its transcript, without a model.

    Args:
        run: Its name, a unique part of it, or `last`.
        speed: How many times faster than it was.
        json_: Print the object that `ask --json` printed when it is through.
    """
    path = located(data_home(), run)
    transcript = _read(path)
    asyncio.run(_play(transcript, max(0.01, speed)))
    asked = read_asked(path)
    print(as_json_line(asked) if json_ else answer_as_text(asked))
    return 0


def picture(transcript: Transcript, answer: str, file: Path) -> None:
    """Draw a run as it stood at its end, as an SVG."""
    board = Board()
    for recorded in transcript.events:
        board.take(recorded)
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    console.print(
        f"$ manyminds ask {json.dumps(board.question, ensure_ascii=False)}", highlight=False
    )
    console.print(draw(board, board.now))
    console.print(Text(answer))
    try:
        console.save_svg(str(file), title="manyminds", code_format=_SVG)
    except OSError as error:
        raise UsageError(f"--svg {file} cannot be written: {error.strerror}") from None


async def _play(transcript: Transcript, speed: float) -> None:
    with choose_view(quiet=False, json_=False) as view:
        before = None
        for recorded in transcript.events:
            pause = 0.0 if before is None else (recorded.at - before).total_seconds() / speed
            before = recorded.at
            if sys.stderr.isatty():
                await asyncio.sleep(min(_LONGEST_PAUSE_S, max(0.0, pause)))
            view.on_event(recorded)


def _read(path: Path) -> Transcript:
    transcript = read_transcript(path)
    if transcript.torn_bytes:
        notice(f"{path}: the last line was cut off and is left out ({transcript.torn_bytes} bytes)")
    return transcript


def read_asked(path: Path) -> Asked:
    """Read a run's result off its transcript; one that has not ended has no answer yet.

    Raises:
        RecordError: If it has not even begun.
    """
    return asked_of(_read(path))


def _cell(value: object, most: int) -> str:
    line = " ".join(str(value or "").split())
    return line if len(line) <= most else line[: most - 1] + "…"
