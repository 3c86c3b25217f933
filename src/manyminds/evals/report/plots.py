"""Pictures of a bench as SVG: drawn here, so that the report needs nothing from anywhere.

Colours are the page's CSS variables: one picture reads in light and in dark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from manyminds.evals.measures import ArmMeasures

__all__ = ["calibration_plot", "cost_plot", "difference_plot", "split_plot"]

WIDTH = 720
_ROW = 30
_PURPOSES = ("work", "lead", "check", "finish", "cut off")


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """A linear scale from values to places on the page."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, count: int = 5) -> list[float]:
        """Return round values along the axis, about `count` of them."""
        rough = (self.high - self.low) / count
        power = 10.0 ** (len(f"{rough:.0f}") - 1) if rough >= 1 else 0.01
        steps = (power * n for n in (1, 2, 2.5, 5, 10, 20, 50, 100))
        step = next((s for s in steps if s >= rough), rough)
        first = -(-self.low // step) * step
        count = int((self.high - first) / step + 1e-9) + 1
        return [first + n * step for n in range(count)]


def cost_plot(arms: Sequence[ArmMeasures], front: Sequence[str]) -> str:
    """Draw accuracy against tokens, with intervals, and the front that no arm beats."""
    shown = [arm for arm in arms if arm.name != "oracle"]
    height = 400
    x = _Axis(low=0, high=max(a.tokens for a in shown) * 1.12, start=56, end=WIDTH - 110)
    y = _share_axis([v for a in arms for v in (a.low, a.high)], start=height - 44, end=16)
    parts = [
        *_horizontal_lines(y, x.start, x.end, lambda v: f"{v:.0%}"),
        *_bottom_ticks(x, height - 44, lambda v: f"{v:,.0f}"),
        _text(WIDTH / 2 - 30, height - 6, "tokens a question", "label middle"),
    ]
    oracle = next((a for a in arms if a.name == "oracle"), None)
    if oracle is not None:
        at = y(oracle.accuracy)
        parts.append(f'<line class="oracle" x1="{x.start}" y1="{at}" x2="{x.end}" y2="{at}"/>')
        parts.append(_text(x.end + 6, at + 4, "oracle of draws", "label"))
    line = " ".join(f"{x(a.tokens)},{y(a.accuracy)}" for a in _ordered(shown, front))
    parts.append(f'<polyline class="front" points="{line}"/>')
    taken: list[tuple[float, float]] = []
    for arm in sorted(shown, key=lambda a: a.tokens):
        px, py = x(arm.tokens), y(arm.accuracy)
        name = "dot best" if arm.name in front else "dot"
        title = escape(f"{arm.name}: {arm.accuracy:.1%}, {arm.tokens:,.0f} tokens")
        low, high = y(arm.low), y(arm.high)
        parts += [
            f'<line class="bar" x1="{px}" y1="{low}" x2="{px}" y2="{high}"/>',
            f'<circle class="{name}" cx="{px}" cy="{py}" r="5"><title>{title}</title></circle>',
        ]
        spot = _free_spot(px + 9, py + 4, taken)
        taken.append(spot)
        parts.append(_text(*spot, arm.name, "label strong"))
    return _svg(height, "Accuracy against tokens a question", parts)


def difference_plot(arms: Sequence[ArmMeasures], other: str) -> str:
    """Draw by how many points each arm leads another one, with intervals."""
    rows = [(a.name, c) for a in arms for c in a.comparisons if c.other == other]
    height = _ROW * len(rows) + 50
    ends = [100 * v for _, c in rows for v in (c.difference.low, c.difference.high)]
    reach = max([5.0, *(abs(v) for v in ends)]) * 1.1
    x = _Axis(low=-reach, high=reach, start=172, end=WIDTH - 218)
    parts = [
        *_bottom_ticks(x, height - 34, lambda v: f"{v:+.0f}" if v else "0"),
        f'<line class="zero" x1="{x(0)}" y1="8" x2="{x(0)}" y2="{height - 34}"/>',
        _text((x.start + x.end) / 2, height - 4, f"points right, minus {other}", "label middle"),
    ]
    for place, (name, comparison) in enumerate(rows):
        d, at = comparison.difference, 24 + place * _ROW
        kind = comparison.finding.replace(" ", "-")
        low, mid, high = (x(100 * v) for v in (d.low, d.mean, d.high))
        said = (
            f"{100 * d.mean:+.1f} ({100 * d.low:+.1f} to {100 * d.high:+.1f}), {comparison.finding}"
        )
        parts += [
            _text(x.start - 12, at + 4, name, "label strong end"),
            f'<line class="bar {kind}" x1="{low}" y1="{at}" x2="{high}" y2="{at}"/>',
            f'<circle class="dot {kind}" cx="{mid}" cy="{at}" r="5"/>',
            _text(x.end + 14, at + 4, said, "label"),
        ]
    return _svg(height, f"Paired differences to {other}, with 95 % intervals", parts)


def calibration_plot(arms: Sequence[ArmMeasures]) -> str:
    """Draw how often answers are right against how sure the arms said they were."""
    shown = [arm for arm in arms if arm.bins]
    height, side = 380, 320
    x = _Axis(low=0, high=1, start=56, end=56 + side)
    y = _Axis(low=0, high=1, start=height - 44, end=height - 44 - side)
    parts = [
        *_horizontal_lines(y, x.start, x.end, lambda v: f"{v:.0%}"),
        *_bottom_ticks(x, height - 44, lambda v: f"{v:.0%}"),
        f'<line class="zero" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>',
        _text((x.start + x.end) / 2, height - 6, "confidence stated", "label middle"),
    ]
    for place, arm in enumerate(shown):
        tint = f"tint{place % 6}"
        line = " ".join(f"{x(b.confidence)},{y(b.accuracy)}" for b in arm.bins)
        parts.append(f'<polyline class="curve {tint}" points="{line}"/>')
        for b in arm.bins:
            size = round(3 + 9 * (b.n / arm.n) ** 0.5, 1)
            title = f"{arm.name}: said {b.confidence:.0%}, right {b.accuracy:.0%} of {b.n}"
            parts.append(
                f'<circle class="bubble {tint}" cx="{x(b.confidence)}" cy="{y(b.accuracy)}" '
                f'r="{size}"><title>{escape(title)}</title></circle>'
            )
        at = 40 + 22 * place
        error = "" if arm.calibration_error is None else f", error {arm.calibration_error:.2f}"
        parts.append(f'<circle class="bubble {tint}" cx="{x.end + 40}" cy="{at}" r="6"/>')
        parts.append(_text(x.end + 54, at + 4, f"{arm.name}{error}", "label"))
    return _svg(height, "Stated confidence against the share that is right", parts)


def split_plot(arms: Sequence[ArmMeasures]) -> str:
    """Draw what each arm's tokens were spent on."""
    shown = [arm for arm in arms if not arm.derived]
    height = _ROW * len(shown) + 56
    x = _Axis(low=0, high=max(a.tokens for a in shown) * 1.02, start=172, end=WIDTH - 20)
    parts = _bottom_ticks(x, height - 40, lambda v: f"{v:,.0f}")
    for place, arm in enumerate(shown):
        at, begin = 8 + place * _ROW, 0.0
        parts.append(_text(x.start - 12, at + 15, arm.name, "label strong end"))
        for n, purpose in enumerate(_PURPOSES):
            size = arm.by_purpose.get(purpose, 0.0)
            if size:
                wide = x(begin + size) - x(begin)
                title = f"{arm.name}, {purpose}: {size:,.0f} tokens a question"
                parts.append(
                    f'<rect class="fill tint{n}" x="{x(begin)}" y="{at}" width="{wide:.1f}" '
                    f'height="20"><title>{escape(title)}</title></rect>'
                )
            begin += size
    for n, purpose in enumerate(_PURPOSES):
        at = 150 + 110 * n
        parts.append(
            f'<rect class="fill tint{n}" x="{at}" y="{height - 16}" width="12" height="12"/>'
        )
        parts.append(_text(at + 18, height - 6, purpose, "label"))
    return _svg(height, "Tokens a question by what they were spent on", parts)


def _share_axis(values: Sequence[float], *, start: float, end: float) -> _Axis:
    low = max(0.0, min(values) - 0.05) // 0.1 * 0.1
    high = min(1.0, -(-(max(values) + 0.02) // 0.1) * 0.1)
    return _Axis(low=low, high=high if high > low else low + 0.1, start=start, end=end)


def _ordered(arms: Sequence[ArmMeasures], front: Sequence[str]) -> list[ArmMeasures]:
    by_name = {arm.name: arm for arm in arms}
    return [by_name[name] for name in front if name in by_name]


def _free_spot(x: float, y: float, taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Move a label down until it covers none of those before it."""
    while any(abs(x - tx) < 90 and abs(y - ty) < 14 for tx, ty in taken):
        y += 14
    return x, y


def _horizontal_lines(
    y: _Axis, left: float, right: float, shown: Callable[[float], str]
) -> list[str]:
    found: list[str] = []
    for value in y.ticks():
        at = y(value)
        found.append(f'<line class="grid" x1="{left}" y1="{at}" x2="{right}" y2="{at}"/>')
        found.append(_text(left - 8, at + 4, shown(value), "label end"))
    return found


def _bottom_ticks(x: _Axis, bottom: float, shown: Callable[[float], str]) -> list[str]:
    found = [f'<line class="axis" x1="{x.start}" y1="{bottom}" x2="{x.end}" y2="{bottom}"/>']
    return found + [_text(x(v), bottom + 16, shown(v), "label middle") for v in x.ticks()]


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
