"""`manyminds diagnose`: why a run failed, and what it wasted; ours, and those of other systems."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from manyminds.budget.parse import parse_limits
from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.runs import read_asked
from manyminds.cli.session import looking_on
from manyminds.cli.view import choose_view, money, safe
from manyminds.cli.words import notice
from manyminds.core.errors import RecordError, UsageError
from manyminds.core.messages import JsonValue
from manyminds.core.values import Limits
from manyminds.diagnosis.diagnose import Diagnosis, diagnosed
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.modes import MODES, WASTES
from manyminds.diagnosis.readers.ours import read_lines
from manyminds.diagnosis.readers.read import read_file, read_folder
from manyminds.diagnosis.repairs import proposed
from manyminds.diagnosis.report.lanes import lanes
from manyminds.diagnosis.report.many import Many
from manyminds.diagnosis.report.page import as_page
from manyminds.diagnosis.report.values import as_json, as_sarif
from manyminds.diagnosis.trace import Trace
from manyminds.runtime.diagnosing import read_by
from manyminds.runtime.elsewhere import located
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.repairing import Retried, retried
from manyminds.runtime.result import cost_as_json
from manyminds.transcript.store import run_names, transcript_path

__all__ = ["diagnose"]

_QUOTE = 160
_ENDINGS = (".html", ".json", ".sarif")
_HEEDED = {True: "it did", False: "it went on as before", None: "it did nothing after"}


def diagnose(
    run: str = "last",
    *,
    model: str | None = None,
    budget: str | None = None,
    fix: Annotated[bool, Parameter(negative=())] = False,
    retry: Annotated[bool, Parameter(negative=())] = False,
    fleet: Annotated[bool, Parameter(negative=())] = False,
    out: Path | None = None,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Say why a run failed and what it wasted: each finding with its step, member and evidence.

    Reads our runs, and files or folders of AG2, ChatDev, MetaGPT, HyperAgent, inspect_ai,
    OpenTelemetry's GenAI spans and plain chats.

    Args:
        run: Name of a run, a unique part of it, `last`; or a file or a folder.
        model: Let this model read it too, for what no rule decides: provider:name or
            http://host:port/v1#name. What is read goes to it.
        budget: What that may cost: 200k,0.50usd,5m.
        fix: Propose the smallest change that answers the decisive mistake.
        retry: Make it: play the run anew from there, and say whether the failure is gone.
        fleet: Of many runs, say only which failures there are, how often, and what they cost; all
            of yours where no folder is named.
        out: Write it to a file: .html (one run), .json or .sarif (for CI).
        json_: Print one JSON object.
    """
    if out is not None and out.suffix not in _ENDINGS:
        raise UsageError(f"--out {out}: it should end in {', '.join(_ENDINGS)}")
    if budget is not None and model is None:
        raise UsageError("--budget is for what --model may cost: rules cost nothing")
    if retry:
        return _retry(run, json_=json_)
    if fleet:
        if model is not None:
            raise UsageError("--fleet goes by rules: leave --model out")
        return _many(run, json_=json_)
    traces = list(_traces(run))
    if not traces:
        raise UsageError(f"{run} holds no run that can be read")
    found = _found(traces, model, budget)
    if out is not None:
        _write(out, found)
    if json_:
        print(json.dumps(_told(found), ensure_ascii=False))
    else:
        print(safe("\n\n".join(_as_text(trace, one, fix=fix) for trace, one in found)))
    return ANSWERED


def _found(
    traces: list[Trace], model: str | None, budget: str | None
) -> list[tuple[Trace, Diagnosis]]:
    if model is None:
        return [(trace, diagnosed(trace)) for trace in traces]
    limits = Limits() if budget is None else parse_limits(budget)
    read = asyncio.run(read_by(model, traces, cache=cache_home(), limits=limits))
    unsure = sorted({code for codes in read.unsure for code in codes})
    notice(
        f"{model} read it: {read.spend.tokens:,} tokens, {money(read.spend.usd)}"
        + (f"; unsure of {', '.join(unsure)}" if unsure else "")
    )
    return list(zip(traces, read.found, strict=True))


def _told(found: list[tuple[Trace, Diagnosis]]) -> dict[str, JsonValue]:
    """Return one object whose `findings` are of all runs; each names its run if there are more."""
    runs = [as_json(one, trace) for trace, one in found]
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
        yield from read_folder(path, _left_out)
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
        text = json.dumps(_told(found), ensure_ascii=False, indent=1) + "\n"
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from error
    notice(f"written to {out}")


def _as_text(trace: Trace, found: Diagnosis, *, fix: bool) -> str:
    failures = [one for one in found.findings if one.code not in WASTES]
    wastes = [one for one in found.findings if one.code in WASTES]
    asked = " ".join(trace.task.split())[:100]
    lines = [
        f"{trace.name} ({trace.source}, acts: {len(trace.acts)}, authors: {len(trace.authors)}): "
        f"{asked}",
        *_differing(found),
        "",
    ]
    if drawn := list(lanes(trace, found)):
        lines += [*drawn, ""]
    if not found.findings:
        lines.append("no rule finds a failure in it")
    for one in [*failures, *wastes]:
        mark = "▶" if one is found.decisive else " "
        lines += [
            f"{mark} step {one.step:<4} {_label(one.code)} {MODES[one.code].name}: {one.member}",
            f"    {one.why} ({one.confidence:.0%} sure{_cost(one)})",
            f"    “{' '.join(one.evidence.split())[:_QUOTE]}”",
        ]
    lines += [
        f"  step {one.step:<4} {one.member} was told, against {_label(one.code)}: "
        f"{_HEEDED[one.heeded]}"
        for one in found.told
    ]
    if found.decisive is not None:
        mode = MODES[found.decisive.code]
        lines += ["", f"decisive    step {found.decisive.step}; what prevents it: {mode.prevents}"]
    wrong = _repairable(found)
    repair = None if wrong is None else proposed(trace, wrong)
    if fix and repair is not None:
        ours = trace.source == "manyminds"
        how = f" (manyminds diagnose {trace.name} --retry)" if ours else ""
        lines.append(f"fix         {repair.name}: {repair.says}{how}")
        lines += [f"            “{repair.hint}”"] if repair.hint else []
    elif fix:
        lines.append("fix         none is known for what was found")
    return "\n".join(lines)


def _differing(found: Diagnosis) -> list[str]:
    differ = found.disagreement
    if differ is None:
        return []
    objected = "" if differ.objected is None else f", objections {differ.objected:.0%} of verdicts"
    return [
        f"disagreement {differ.score:.2f}: two members differ at first in {differ.first:.0%} of "
        f"pairs, in the end in {differ.last:.0%}{objected}"
    ]


def _label(code: str) -> str:
    return code if code in WASTES else f"FM-{code}"


def _repairable(found: Diagnosis) -> Finding | None:
    """Return what a repair is for: the decisive mistake, else the first thing there is one for."""
    known = (one for one in found.findings if MODES[one.code].fix is not None)
    return found.decisive or next(known, None)


def _retry(run: str, *, json_: bool) -> int:
    path = located(data_home(), run)
    trace = read_lines(path)
    found = diagnosed(trace)
    wrong = _repairable(found)
    repair = None if wrong is None else proposed(trace, wrong)
    if wrong is None or repair is None:
        raise UsageError(f"run {trace.name}: no failure was found that there is a repair for")
    view = choose_view(quiet=False, json_=json_)
    notice(f"{wrong.code} at step {wrong.step}; {repair.name}: {repair.says}")

    async def work() -> Retried:
        with looking_on(view, events=False) as watch:
            return await retried(data_home(), cache_home(), trace.name, wrong, repair, watch)

    came = asyncio.run(work())
    before = read_asked(path)
    answers = [one.answer.text for one in (before, came.asked)]
    after = as_json(came.after, read_lines(came.asked.transcript))
    if json_:
        told: dict[str, JsonValue] = {
            "outcome": came.asked.answer.outcome, "cost": cost_as_json(came.asked.cost),
            "run": came.asked.run, "repair": repair.name, "code": wrong.code, "gone": came.gone,
            "before": answers[0], "after": answers[1], "findings": after["findings"],
        }  # fmt: skip
        print(json.dumps(told, ensure_ascii=False))
    else:
        lines = [
            f"{wrong.code} {MODES[wrong.code].name}: {'gone' if came.gone else 'still there'}",
            f"before      {_line(answers[0])}", f"after       {_line(answers[1])}",
            f"run         {came.asked.run} (manyminds diagnose {came.asked.run})",
        ]  # fmt: skip
        print(safe("\n".join(lines)))
    return ANSWERED if came.gone else NO_ANSWER


def _line(text: str | None) -> str:
    return "no answer" if text is None else " ".join(text.split())[:160]


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
                f"{row['code']!s:16} {row['name']!s:34} {row['runs']:>6} runs  "
                f"decisive in {row['decisive']:<5} {cost}"
            )
        )
    for code, count in many.told.most_common():
        print(
            f"{code!s:16} members were told while they worked: {count}, heeded {many.heeded[code]}"
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
            _left_out(str(error))


def _left_out(why: str) -> None:
    notice(f"left out: {why}")
