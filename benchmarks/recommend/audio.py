"""How well spoken wishes and answers are heard: said by eSpeak NG, in four voices, with noise or none.

    python benchmarks/recommend/audio.py

A machine's voice is harder to hear than most people's; there are no recordings of people here.
*Expected*: the listener is told what may be answered, as `recommend --go-on` tells it. *Foreign*:
something else is said than what is expected; the less of it is taken for one of the answers, the
better. Right is: every word, apart from case and marks.
"""

import json
import re
import sys
import tempfile
import wave
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core.errors import UsageError
from manyminds.judging.interval import share_interval
from manyminds.recommend.audio import hear, speak

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine

HERE = Path(__file__).parent
VOICES = ("en-us", "en-us+f3", "en-us+m3", "en-gb-scotland")
NOISE_DB = (None, 10.0)
"""Speech above white noise, in the mean over the recording; `None`: no noise."""
WISHES = (
    "dinner tonight under 25 euros", "dinner tomorrow, italian, for four people",
    "a concert on Saturday evening", "a quiet hotel near the station",
    "a used bike under 300 dollars", "vegetarian lunch, not spicy",
    "a short comedy from the nineties", "a job as a baker, part time",
    "a train to Berlin on Friday morning", "waterproof shoes in size 42",
    "something new for dinner, not too far", "free events for children this weekend",
)  # fmt: skip
ANSWERS = ("italian", "japanese", "mild", "spicy", "one", "two", "back", "no matter")
FOREIGN = (
    "hello", "window", "what time is it", "forty seven", "maybe later", "the weather is nice",
    "please stop", "purple", "I have no idea", "tomorrow", "mother", "garden",
)  # fmt: skip


def bare(text: str) -> str:
    """Return a text without case and marks."""
    return " ".join(re.findall(r"[\w$€]+", text.casefold()))


def with_noise(file: Path, level_db: float, seed: int) -> None:
    """Lay noise over a recording."""
    with wave.open(str(file)) as opened:
        rate, data = opened.getframerate(), opened.readframes(opened.getnframes())
    sound = np.frombuffer(data, np.int16).astype(np.float64)
    power = np.sqrt((sound**2).mean()) / 10 ** (level_db / 20)
    loud = sound + np.random.default_rng(seed).normal(0, power, sound.size)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.clip(loud, -32_768, 32_767).astype(np.int16).tobytes())


def heard(text: str, voice: str, level_db: float | None, expected: Sequence[str]) -> str | None:
    """Return what is understood of a text that is said; `None`: nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        speak(text, file, voice=voice)
        if level_db is not None:
            with_noise(file, level_db, seed=len(text))
        try:
            return hear(file, expected).text
        except UsageError:
            return None


def row(name: str, said: Sequence[str], expected: Sequence[str], level_db: float | None) -> dict[str, Any]:  # fmt: skip
    """Say some things in all voices; return what came of it."""
    found = [(t, heard(t, voice, level_db, expected)) for t in said for voice in VOICES]
    taken = {bare(one) for one in expected}
    return {
        "what": name, "noise_db": level_db, "n": len(found),
        "right": sum(bare(f or "") == bare(t) for t, f in found),
        "nothing": sum(f is None for _, f in found),
        "taken for an answer": sum(bare(f or "") in taken for _, f in found) if taken else None,
        "wrong": [] if name.startswith("foreign") else sorted({f"{t} → {f}" for t, f in found if f is not None and bare(f) != bare(t)}),
    }  # fmt: skip


def page(told: dict[str, Any]) -> str:
    """Write the figures for people."""
    lines = [
        "# Heard", "",
        f"`python benchmarks/recommend/audio.py`, {told['date']}, {told['machine']}, "
        f"code at {told['code']}. Said by eSpeak NG in {len(VOICES)} voices, heard by Whisper tiny "
        "(English). With 95 % intervals, as if each were a draw.", "",
        "| what | noise | n | every word right | nothing understood | taken for an answer |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in told["rows"]:
        low, high = share_interval(one["right"], one["n"])
        noise = "none" if one["noise_db"] is None else f"{one['noise_db']:.0f} dB below"
        right = f"{one['right'] / one['n']:.0%} ({low:.0%} to {high:.0%})"
        taken = "" if one["taken for an answer"] is None else one["taken for an answer"]
        lines.append(
            f"| {one['what']} | {noise} | {one['n']} | {right} | {one['nothing']} | {taken} |"
        )
    lines += ["", "What was heard otherwise, without noise:", ""]
    for one in told["rows"]:
        if one["noise_db"] is None and not one["what"].startswith("foreign"):
            lines.append(f"- {one['what']}: " + ("; ".join(one["wrong"]) or "nothing"))
    return "\n".join([*lines, ""])


def main() -> None:
    """Say it all and write the figures."""
    kinds = (
        ("wishes", WISHES, ()), ("answers", ANSWERS, ()), ("answers, expected", ANSWERS, ANSWERS),
        ("foreign, answers expected", FOREIGN, ANSWERS),
    )  # fmt: skip
    told = {
        "date": str(datetime.now(UTC).date()), "machine": machine(), "code": code(),
        "rows": [row(*kind, level) for level in NOISE_DB for kind in kinds],
    }  # fmt: skip
    text = json.dumps(told, indent=1, ensure_ascii=False)
    (HERE / "audio.json").write_text(text + "\n", encoding="utf-8")
    (HERE / "AUDIO.md").write_text(page(told), encoding="utf-8")


if __name__ == "__main__":
    main()
