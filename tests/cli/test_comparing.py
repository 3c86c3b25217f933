"""A comparison is laid out as a table of statements that stand; nothing in it is the lead's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from manyminds.cli.app import run
from tests.cli.test_research import command, finds, page
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

FACTS = {
    ("Alpha", "weight"): "The Alpha pump weighs 12 kg with its case",
    ("Alpha", "price"): "The Alpha pump is sold for 80 euros in Ghent",
    ("Beta", "weight"): "The Beta pump weighs 15 kg without its case",
}
ASKED = "Compare the Alpha and the Beta pump by weight and price"
PLAN = [(f"What is the {what} of {who}?", f"{who} {what}") for who, what in FACTS]


def knows(question: str, _passages: str) -> tuple[str, list[str]]:
    said = next(fact for (who, what), fact in FACTS.items() if who in question and what in question)
    return said, [said]


def side_by_side(lines: list[str]) -> dict[str, Any]:
    """Lay the statements out as a competent lead would."""
    place = {said: n for n, said in enumerate(lines, 1)}
    rows = [
        {"name": who, "statements": [place.get(FACTS.get((who, what), ""), 0) for what in ("weight", "price")]}
        for who in ("Alpha", "Beta")
    ]  # fmt: skip
    return {"columns": ["weight", "price"], "rows": rows}


def compared(
    stub: Stub,
    site: Site,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    scholar: Scholar,
    *,
    asked: str = ASKED,
) -> tuple[dict, list[str]]:
    """Return what a run told, as JSON and in each form of its report."""
    site.pages["/pumps"] = page("Pumps", ". ".join(FACTS.values()) + ".")
    finds(site, "/pumps")
    stub.behaviours = [scholar]
    plan = folder / "plan.toml"
    parts = "".join(f'[[part]]\nquestion = "{q}"\nquery = "{w}"\n' for q, w in PLAN)
    plan.write_text(f'goal = "g"\nrounds = 1\n{parts}')
    outs = [folder / "r.html", folder / "r.md"]
    flags = [flag for out in outs for flag in ("--out", str(out))]
    run(command(stub, site, "--json", "--plan", str(plan), *flags, question=asked))
    told = json.loads(capsys.readouterr().out)
    run(["show", "last"])
    return told, [capsys.readouterr().out, *(out.read_text() for out in outs)]


def test_statements_are_laid_side_by_side_with_their_citations(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scholar = Scholar(know=knows, compare=side_by_side)
    told, forms = compared(stub, site, capsys, tmp_path, scholar)
    found = told["report"]["comparison"]
    assert (found["columns"], found["names"]) == (["weight", "price"], ["Alpha", "Beta"])
    cells = [[cell and cell["text"] for cell in row] for row in found["rows"]]
    assert cells == [
        [FACTS["Alpha", "weight"], FACTS["Alpha", "price"]], [FACTS["Beta", "weight"], None],
    ]  # fmt: skip
    assert all(cell["citations"] for row in found["rows"] for cell in row if cell)
    for form in forms:
        assert "Side by side" in form
        assert "not found" in form
    assert "<th>Alpha</th><td>The Alpha pump weighs 12 kg" in forms[1]
    assert "| **Beta** | The Beta pump weighs 15 kg" in forms[2]


def test_who_does_not_ask_for_a_comparison_is_given_none(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scholar = Scholar(know=knows, compare=side_by_side)
    told, _ = compared(stub, site, capsys, tmp_path, scholar, asked="What of the two pumps?")
    assert told["report"]["comparison"] is None
    assert "compare" not in scholar.asked


def laid(
    *rows: tuple[str, list[int]], columns: tuple[str, ...] = ("weight", "price")
) -> dict[str, Any]:
    return {"columns": [*columns], "rows": [{"name": n, "statements": s} for n, s in rows]}


@pytest.mark.parametrize(
    "said",
    [
        laid(), laid(("Alpha", [1, 2])), laid(("Alpha", [1, 2]), ("Beta", [3])), laid(("Alpha", [99, 98]), ("Beta", [97, 1])),
        laid(("Alpha 7000", [1, 2]), ("Beta", [3, 0])), laid(("Alpha", [1, 2]), ("Beta", [3, 0]), columns=("weight", "price in 1998")),
    ],
    ids=["empty", "one row", "ragged", "no such statements", "a new number", "a new number above"],
)  # fmt: skip
def test_a_table_that_says_what_nobody_stated_is_none(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path, said: dict[str, Any]
) -> None:
    scholar = Scholar(know=knows, compare=lambda _lines: said)
    told, _ = compared(stub, site, capsys, tmp_path, scholar)
    assert told["report"]["comparison"] is None
    assert told["report"]["sections"]
