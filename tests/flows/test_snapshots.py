"""Whole runs on scripted models; the transcript is compared with the one kept beside this file.

`MANYMINDS_SNAPSHOTS=write make test` writes them anew: read the difference before you commit it.
"""

import os
from pathlib import Path

import pytest

from manyminds.core.errors import ProviderError
from manyminds.core.protocols import Strategy
from manyminds.core.values import Task
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.self_consistency import SelfConsistency
from manyminds.strategies.single import Single
from manyminds.testing import ScriptedRun, act, final
from manyminds.transcript.codec import encode

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parent / "snapshots"
WRITE = os.environ.get("MANYMINDS_SNAPSHOTS") == "write"
PROOF = [act("calculate", expression="17% of 2350"), final("399.5")]
CRUX = '{"cruxes": ["Is it 395 or 399.5?"]}'
FLOWS: dict[str, tuple[Strategy, dict[str, list[str | ProviderError]]]] = {
    "single": (Single(), {"m1": [*PROOF]}),
    "self_consistency": (
        SelfConsistency(),
        {"m1": [final("395")], "m2": [final("399.5")], "m3": [final("395")], "m4": [final("395")]},
    ),
    "heavy_stops_at_the_gate": (Heavy(), {"m1": [*PROOF], "m2": [*PROOF]}),
    "heavy_settles_and_revises": (
        Heavy(),
        {
            "m1": [final("395"), CRUX, final("399.5", reason="the check shows it")],
            "m2": [final("395"), final("395", reason="I stand by it")],
            "m3": [final("395"), *PROOF],
            "m4": [final("399.5")],
            "checker1": [act("calculate", expression="2350 * 17/100"), final("399.5")],
        },
    ),
    "heavy_changes_nobody_by_company": (
        Heavy(rounds=1),
        {
            "m1": [final("399.5"), CRUX],
            "m2": [final("395"), final("7")],
            "m3": [final("395"), final("395")],
            "m4": [final("395"), final("395")],
            "checker1": [act("calculate", expression="2350 * 17/100"), final("399.5")],
        },
    ),
    "heavy_with_one_member_dead": (
        Heavy(),
        {"m1": [*PROOF], "m2": [ProviderError("gone")], "m3": [*PROOF], "m4": [*PROOF]},
    ),
    "heavy_where_nothing_stands": (
        Heavy(rounds=1),
        {
            "m1": [final("1"), '{"cruxes": []}'],
            "m2": [final("2")],
            "m3": [final("3")],
            "m4": [final("4")],
            "checker1": [final("cannot be determined")],
        },
    ),
}


@pytest.mark.parametrize("name", FLOWS)
async def test_the_transcript_is_the_one_that_is_kept(name: str) -> None:
    strategy, script = FLOWS[name]
    run = ScriptedRun(task=Task(prompt="What is 17 % of 2350?"), script=script)
    answer = await strategy(run)
    told = b"".join(encode(recorded) for recorded in run.events).decode()
    said = f"{told}{answer.outcome}: {answer.text} ({answer.confidence}); {answer.how}\n"
    file = FOLDER / f"{name}.jsonl"
    if WRITE:
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8")
