"""A diagnosis as one page that needs nothing else: the run as a timeline, the findings on it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape

from manyminds.diagnosis.diagnose import Diagnosis
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.modes import MODES, WASTES
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["as_page"]

_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1b1c1f, #e9e9ea);
  --soft: light-dark(#5f6470, #a2a7b3); --line: light-dark(#dfe1e6, #363a43);
  --page: light-dark(#fbfbfc, #16181c); --bad: light-dark(#b3261e, #ff8a80);
  --waste: light-dark(#8a5a00, #f0b95a); --mark: light-dark(#fff1ee, #3a201d) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--page);
  color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
h1 { font-size: 1.5rem; line-height: 1.3 } h2 { font-size: 1.1rem; margin-top: 2.2rem }
.soft, small { color: var(--soft) } code, blockquote { font: 0.86rem/1.5 ui-monospace, monospace }
blockquote { margin: 0.35rem 0; padding-left: 0.75rem; border-left: 3px solid var(--line);
  white-space: pre-wrap; overflow-wrap: anywhere }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 6px;
  padding: 0.7rem 1rem; margin: 0.7rem 0 }
.finding.waste { border-left-color: var(--waste) } .finding p { margin: 0.25rem 0 }
.decisive { background: var(--mark) }
.badge { font-size: 0.78rem; font-weight: 600; color: var(--bad) }
.waste .badge { color: var(--waste) }
ol { list-style: none; padding: 0; border-left: 2px solid var(--line); margin-left: 0.6rem }
li { position: relative; padding: 0.3rem 0 0.3rem 1.3rem }
li::before { content: ""; position: absolute; left: -6px; top: 0.85rem; width: 10px; height: 10px;
  border-radius: 50%; background: var(--line) }
li.bad::before { background: var(--bad) } li.waste::before { background: var(--waste) }
summary { cursor: pointer; overflow-wrap: anywhere } summary b { font-weight: 600 }
a { color: inherit } svg { width: 100%; height: auto; display: block }
text { fill: var(--soft); font: 11px system-ui, sans-serif }
@media (max-width: 40rem) { body { padding: 1rem 0.75rem 3rem } }
"""
SHOWN = 4_000
"""Characters of one act that are shown."""
MOST = 2_000
"""Acts that are shown; those with a finding always are."""


def as_page(trace: Trace, found: Diagnosis) -> str:
    """Write the page."""
    by_step: dict[int, list[Finding]] = defaultdict(list)
    for one in found.findings:
        by_step[one.step].append(one)
    failures = sum(one.code not in WASTES for one in found.findings)
    head = (
        f"{_count(failures, 'failure')} and {_count(len(found.findings) - failures, 'waste')} in "
        f"{_count(len(trace.acts), 'act')} of {_count(len(trace.authors), 'author')}"
    )
    parts = [
        f"<h1>{escape(trace.task.strip()[:300] or trace.name)}</h1>",
        f'<p class="soft">{escape(trace.name)} · {escape(trace.source)} · {escape(head)}</p>',
        _differing(found), _picture(trace, by_step),
        "<h2>Findings</h2>" if found.findings else "<p>No rule found a failure in this run.</p>",
        *(_card(one, decisive=one is found.decisive) for one in found.findings),
        "<h2>The run</h2>", "<ol>", *_timeline(trace, by_step), "</ol>",
    ]  # fmt: skip
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Diagnosis of {escape(trace.name)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _differing(found: Diagnosis) -> str:
    differ = found.disagreement
    if differ is None:
        return ""
    return (
        f'<p class="soft">Disagreement {differ.score:.2f}: two members differ at first in '
        f"{differ.first:.0%} of pairs, in the end in {differ.last:.0%}.</p>"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _card(one: Finding, *, decisive: bool) -> str:
    mode = MODES[one.code]
    kind = " waste" if one.code in WASTES else ""
    label = one.code if kind else f"FM-{one.code}"
    cost = ", ".join(
        text
        for text in (
            f"{one.tokens:,} tokens" if one.tokens else "",
            f"$ {one.usd}" if one.usd else "",
            f"{one.seconds:.1f} s" if one.seconds else "",
        )
        if text
    )
    also = "".join(f' <a href="#s{step}">{step}</a>' for step in one.also)
    return (
        f'<div class="finding{kind}{" decisive" if decisive else ""}">'
        f'<p><span class="badge">{escape(label)}{" · the decisive mistake" if decisive else ""}'
        "</span> "
        f'<b>{escape(mode.name)}</b> by {escape(one.member)} at <a href="#s{one.step}">step '
        f"{one.step}</a></p><p>{escape(one.why)}</p><blockquote>{escape(one.evidence)}</blockquote>"
        f'<p class="soft">{one.confidence:.0%} sure, by {escape(one.by)}'
        f"{f'; rests on steps{also}' if also else ''}{f'; cost {cost}' if cost else ''}. "
        f"Prevents it: {escape(mode.prevents)}.</p></div>"
    )


def _timeline(trace: Trace, by_step: dict[int, list[Finding]]) -> Iterator[str]:
    for number, act in enumerate(trace.acts):
        here = (
            by_step.get(act.step, [])
            if number == 0 or trace.acts[number - 1].step != act.step
            else []
        )
        if number >= MOST and not here:
            continue
        kinds = {"waste" if one.code in WASTES else "bad" for one in here}
        mark = "bad" if "bad" in kinds else "waste" if kinds else ""
        first = " ".join(act.text.split())[:140]
        codes = "".join(f' <span class="badge">{escape(one.code)}</span>' for one in here)
        yield (
            f'<li id="s{act.step}" class="{mark}"><details><summary><small>{act.step}'
            f"{'' if act.at_s is None else f' · {act.at_s:.1f} s'}</small> "
            f"<b>{escape(act.author)}</b> "
            f"{escape(_verb(act))} {escape(first)}{codes}</summary>"
            f"<blockquote>{escape(act.text[:SHOWN])}</blockquote></details></li>"
        )
    if len(trace.acts) > MOST:
        yield f"<li>… {len(trace.acts) - MOST:,} acts more; those with a finding are shown</li>"


def _verb(act: Act) -> str:
    verbs = {
        "says": "says", "calls": f"calls {act.tool}", "returns": f"gets from {act.tool}",
        "proposes": "proposes", "checks": str(act.verdict), "asks": "asks", "ends": "ends",
        "told": "is told",
    }  # fmt: skip
    return verbs[act.kind]


def _picture(trace: Trace, by_step: dict[int, list[Finding]]) -> str:
    """Draw a lane for each member and a dot for each act; those with a finding are larger."""
    authors: Sequence[str] = trace.authors[:12]
    acts = [act for act in trace.acts if act.author in authors][:MOST]
    if not acts:
        return ""
    timed = all(act.at_s is not None for act in acts)
    end = max((act.at_s or 0.0) for act in acts) if timed else float(len(acts) - 1)
    dots: list[str] = []
    for number, act in enumerate(acts):
        share = ((act.at_s or 0.0) if timed else float(number)) / (end or 1.0)
        x, y = 120 + share * 760, 16 + 22 * authors.index(act.author)
        here = by_step.get(act.step, [])
        bad = any(one.code not in WASTES for one in here)
        fill = "var(--bad)" if bad else "var(--waste)" if here else "var(--soft)"
        dots.append(
            f'<circle cx="{x:.1f}" cy="{y}" r="{6 if here else 3}" fill="{fill}">'
            f"<title>{act.step}: {escape(act.author)} {escape(_verb(act))}</title></circle>"
        )
    names = "".join(
        f'<text x="110" y="{20 + 22 * lane}" text-anchor="end">{escape(name[:16])}</text>'
        f'<line x1="120" x2="880" y1="{16 + 22 * lane}" y2="{16 + 22 * lane}" '
        'stroke="var(--line)"/>'
        for lane, name in enumerate(authors)
    )
    height = 22 * len(authors) + 26
    told = f"{end:.1f} s" if timed else f"{len(acts)} acts"
    return (
        f'<svg viewBox="0 0 900 {height}" role="img" aria-label="The run, a lane for each member">'
        f"{names}{''.join(dots)}"
        f'<text x="880" y="{height - 6}" text-anchor="end">{told}</text></svg>'
    )
