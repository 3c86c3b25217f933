"""What is committed in `results/` is what its rows say: nobody wrote a figure by hand."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from manyminds.evals.measures import measure
from manyminds.evals.report.publish import read_bench, read_energy

RESULTS = Path(__file__).parents[2] / "results"
PUBLISHED = sorted(file.parent for file in RESULTS.glob("*/report.json"))
DRAWN = sorted(file.parent for file in RESULTS.glob("*/energy.json"))


def test_there_are_some() -> None:
    assert PUBLISHED
    assert DRAWN


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_figures_follow_from_the_rows(folder: Path) -> None:
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    origin = told.pop("origin")
    rows, members, _ = read_bench(folder)
    assert json.loads(json.dumps(asdict(measure(rows, members=members)))) == told
    assert all((row.given, row.reason, row.run) == (None, "", "") for row in rows)
    assert all(origin.values())
    page = (folder / "RESULTS.md").read_text(encoding="utf-8")
    assert all(f"{100 * arm['accuracy']:.1f}%" in page for arm in told["arms"])


@pytest.mark.parametrize("folder", DRAWN, ids=lambda folder: folder.name)
def test_energy_follows_from_the_rows(folder: Path) -> None:
    rows, found, origin = read_energy(folder)  # refuses figures that do not follow
    assert all((row.given, row.reason, row.run) == (None, "", "") for row in rows)
    assert all(origin.values())
    page = (folder / "RESULTS.md").read_text(encoding="utf-8")
    assert all(f"{ratio.value:.1f}x" in page for ratio in found.reasoned_over_brief.values())
