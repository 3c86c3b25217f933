"""`manyminds diagnose`: why a run failed, and what it wasted; ours, and those of other systems."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.view import money, safe
from manyminds.cli.words import notice
from manyminds.core.errors import RecordError, UsageError
from manyminds.core.messages import JsonValue
from manyminds.diagnosis.diagnose import diagnosed
from manyminds.diagnosis.finding import Diagnosis, Finding
from manyminds.diagnosis.modes import MODES, WASTES
from manyminds.diagnosis.readers.ours import read_lines
from manyminds.diagnosis.readers.read import read_file, read_folder
from manyminds.diagnosis.report.many import Many
from manyminds.diagnosis.report.page import as_page
from manyminds.diagnosis.report.values import as_json, as_sarif
from manyminds.diagnosis.trace import Trace
from manyminds.runtime.elsewhere import located
from manyminds.runtime.paths import data_home
from manyminds.transcript.store import run_names, transcript_path

__all__ = ["diagnose"]

_QUOTE = 160
_ENDINGS = (".html", ".json", ".sarif")


def diagnose(
    run: str = "last",
    *,
    fleet: Annotated[bool, Parameter(negative=())] = False,
    out: Path | None = None,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Say why a run failed and what it wasted: each finding with its step, member and evidence.

    Reads our runs, and files or folders of AG2, MetaGPT, inspect_ai, OpenTelemetry's GenAI spans
    and plain chats.

    Args:
        run: Name of a run, a unique part of it, `last`; or a file or a folder.
        fleet: Of many runs, say only which failures there are, how often, and what they cost; all
            of yours where no folder is named.
        out: Write it to a file: .html (one run), .json or .sarif (for CI).
        json_: Print one JSON object.
    """
    if out is not None and out.suffix not in _ENDINGS:
        raise UsageError(f"--out {out}: it should end in {', '.join(_ENDINGS)}")
    if fleet:
        return _many(run, json_=json_)
    found = [(trace, diagnosed(trace)) for trace in _traces(run)]
    if not found:
        raise UsageError(f"{run} holds no run that can be read")
    if out is not None:
        _write(out, found)
    if json_:
        print(json.dumps(_told([one for _, one in found]), ensure_ascii=False))
    else:
        print(safe("\n\n".join(_as_text(trace, one) for trace, one in found)))
    return ANSWERED


def _told(found: list[Diagnosis]) -> dict[str, JsonValue]:
    """Return one object whose `findings` are of all runs; each names its run if there are more."""
    runs = [as_json(one) for one in found]
    told: dict[str, JsonValue] = {"outcome": "answered", "cost": None}
    if len(runs) == 1:
        return {**told, **runs[0]}
    findings: list[JsonValue] = [
        {"run": one["run"], **finding}
        for one in runs
        for finding in (one["findings"] if isinstance(one["findings"], list) else [])
        if isinstance(finding, dict)
    ]
    return {**told, "findings": findings, "runs": [*runs]}


def _traces(run: str) -> Iterator[Trace]:
    path = Path(run)
    if path.is_dir():
        yield from read_folder(path)
    elif path.is_file():
        yield from read_file(path)
    elif "/" in run or path.suffix:
        raise UsageError(f"there is no file {run}")
    else:
        yield read_lines(located(data_home(), run))


def _write(out: Path, found: list[tuple[Trace, Diagnosis]]) -> None:
    if out.suffix == ".html":
        if len(found) != 1:
            raise UsageError(f"--out {out}: a page holds one run, and here are {len(found)}")
        text = as_page(*found[0])
    elif out.suffix == ".sarif":
        text = json.dumps(as_sarif([one for _, one in found]), indent=1) + "\n"
    else:
        text = json.dumps(_told([one for _, one in found]), ensure_ascii=False, indent=1) + "\n"
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from error
    notice(f"written to {out}")


def _as_text(trace: Trace, found: Diagnosis) -> str:
    failures = [one for one in found.findings if one.code not in WASTES]
    wastes = [one for one in found.findings if one.code in WASTES]
    asked = " ".join(trace.task.split())[:100]
    lines = [
        f"{trace.name} ({trace.source}, {len(trace.acts)} acts of {len(trace.authors)} members): "
        f"{asked}",
        "",
    ]
    if not found.findings:
        return "\n".join([*lines, "no rule finds a failure in it"])
    for one in [*failures, *wastes]:
        mark = "▶" if one is found.decisive else " "
        code = one.code if one.code in WASTES else f"FM-{one.code}"
        lines += [
            f"{mark} step {one.step:<4} {code} {MODES[one.code].name}: {one.member}",
            f"    {one.why} ({one.sure:.0%} sure{_cost(one)})",
            f"    “{' '.join(one.evidence.split())[:_QUOTE]}”",
        ]
    if found.decisive is not None:
        mode = MODES[found.decisive.code]
        lines += ["", f"decisive    step {found.decisive.step}; what prevents it: {mode.prevents}"]
    return "\n".join(lines)


def _cost(one: Finding) -> str:
    parts = [
        f"{one.tokens:,} tokens" if one.tokens else "",
        money(one.usd) if one.usd else "",
        f"{one.seconds:.1f} s" if one.seconds else "",
    ]
    told = ", ".join(filter(None, parts))
    return f"; cost {told}" if told else ""


def _many(run: str, *, json_: bool) -> int:
    many = Many()
    for trace in _every(run):
        many.add(diagnosed(trace), trace.began)
    if json_:
        print(
            json.dumps({"outcome": "answered", "cost": None, **many.as_json()}, ensure_ascii=False)
        )
        return ANSWERED
    print(f"{many.runs} runs, {many.clean} without a finding")
    for row in many.rows():
        cost = ", ".join(
            f"{row[key]} {unit}"
            for key, unit in (("tokens", "tokens"), ("usd", "$"), ("seconds", "s"))
            if row[key]
        )
        print(
            safe(
                f"{row['code']!s:16} {row['name']!s:26} {row['runs']:>6} runs  "
                f"decisive in {row['decisive']:<5} {cost}"
            )
        )
    return ANSWERED


def _every(run: str) -> Iterator[Trace]:
    if run != "last":
        yield from _traces(run)
        return
    for name in run_names(data_home()):
        try:
            yield read_lines(transcript_path(data_home(), name))
        except (RecordError, OSError) as error:
            print(f"manyminds: left out: {safe(str(error))}", file=sys.stderr)
