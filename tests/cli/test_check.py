"""`research --experiment` and `check`: what a program computed is cited, and computed again."""

import json
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.transcript.codec import chained, split_chain
from tests.cli.test_research import PUMP, command, finds, knows_pump, page
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

PROGRAM = (
    "steps = 1000\nseen = {1}\na, b = 1, 1\nfor _ in range(steps):\n    a, b = b, (a + b) % 1000\n"
    "    seen.add(a)\nprint('different last digits of Fibonacci numbers =', len(seen))\n"
    "print('the moon is 17 years old')"
)
CLAIMS = [
    "The different last digits of Fibonacci numbers are 646",
    "The moon is 17 years old",
    "The different last digits of Fibonacci numbers are 700",
]


def experiment(stub: Stub, site: Site, *more: str) -> int:
    finds(site)
    acts = [json.dumps({"action": "python", "code": PROGRAM})]
    stub.behaviours = [Scholar(first=acts, know=lambda _q, _p: (CLAIMS[0], CLAIMS))]
    asked = "How many different last three digits have the first Fibonacci numbers?"
    return run(command(stub, site, "--experiment", *more, question=asked))


def test_what_a_program_computed_is_cited_and_what_it_only_prints_is_not(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outs = [tmp_path / "r.html", tmp_path / "r.md"]
    flags = [flag for out in outs for flag in ("--out", str(out))]
    assert experiment(stub, site, "--json", *flags) == 0
    told = json.loads(capsys.readouterr().out)
    [section] = told["report"]["sections"]
    assert [s["text"] for s in section["statements"]] == [CLAIMS[0]]
    assert {s["text"] for s in told["report"]["unsupported"]} == set(CLAIMS[1:])
    [citation] = told["answer"]["citations"]
    assert citation["source"].startswith("program://")
    assert "646" in citation["quote"]
    for out in outs:
        assert "seen.add(a)" in out.read_text()
    assert run(["show", "last"]) == 0
    assert "seen.add(a)" in capsys.readouterr().out


def forge(path: Path, text: str) -> None:
    """Write another past, as who can write all files can: a new chain, and no seal."""
    before, lines = "", list[bytes]()
    for line in text.encode().splitlines():
        chained_line, before = chained(split_chain(line)[0], before)
        lines.append(chained_line)
    path.write_bytes(b"".join(lines))
    path.with_name("seal.json").unlink(missing_ok=True)


def test_check_computes_again_and_notices_what_was_changed(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert experiment(stub, site, "--json") == 0
    path = Path(json.loads(capsys.readouterr().out)["transcript"])
    assert run(["check"]) == 0
    assert "✔ [1] program://" in capsys.readouterr().out
    forge(path, path.read_text().replace("steps = 1000", "steps = 100"))
    assert run(["check", "--json"]) == 1
    [row] = json.loads(capsys.readouterr().out)["checks"]
    assert (row["holds"], row["why"]) == (False, "the program prints something else now")


def test_check_holds_words_against_the_stored_page(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    stub.behaviours = [Scholar(know=knows_pump)]
    assert run(command(stub, site, "--json")) == 0
    path = Path(json.loads(capsys.readouterr().out)["transcript"])
    assert run(["check"]) == 0
    assert "in the stored page" in capsys.readouterr().out
    kept = path.read_text()
    *before, end = kept.splitlines(keepends=True)
    forge(path, "".join(before) + end.replace("It has to be washed", "It may be washed"))
    assert run(["check"]) == 1
    assert "other words there" in capsys.readouterr().out
    path.with_name("sources.sqlite").unlink()
    path.write_text(kept)
    assert run(["check"]) == 0
    assert "in a passage as it was read" in capsys.readouterr().out


def test_a_run_without_citations_says_so(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.behaviours = [Scholar()]
    finds(site)
    assert run(command(stub, site, "--json")) == 1
    capsys.readouterr()
    assert run(["check"]) == 0
    assert "cites nothing" in capsys.readouterr().out
