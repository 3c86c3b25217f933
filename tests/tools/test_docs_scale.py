"""Very large folders: found by LanceDB, with the same results and the same rules."""

from pathlib import Path

import pytest

from manyminds.tools.docs import index as docs_index
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.lance import LanceFinder, installed
from manyminds.tools.docs.readers import LeftOut, list_files

pytestmark = pytest.mark.skipif(not installed(), reason="the extra `scale` is not installed")
BIRDS = {
    f"birds/{n}.md": f"# Bird {n}\n\nBird {n} lays {n % 7 + 2} eggs and weighs {n * 3 + 11} grams.\n"
    for n in range(60)
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(docs_index, "MAX_FILES", 20)
    for name, text in BIRDS.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "docs"


def opened(folder: Path) -> DocsIndex:
    index = DocsIndex(folder, folder.parent / "cache")
    index.refresh()
    assert list((folder.parent / "cache" / "docs").glob("*.lance"))
    return index


def test_passages_are_found_and_quoted_to_the_letter(folder: Path) -> None:
    index = opened(folder)
    for n in (0, 17, 42, 59):
        found = index.search(f"how many grams does bird {n} weigh", most=3)
        best = next(p for p in found if p.source == f"birds/{n}.md")
        assert (index.text_of(best.source) or "")[best.start : best.end] == best.text


def test_what_changes_is_found_anew_and_what_is_gone_is_gone(folder: Path) -> None:
    opened(folder)
    (folder / "birds/17.md").write_text("# Heron\n\nThe heron sleeps on one leg in Ghent.\n")
    (folder / "birds/42.md").unlink()
    index = opened(folder)
    assert index.search("heron sleeps in Ghent", most=1)[0].source == "birds/17.md"
    assert all(p.source != "birds/42.md" for p in index.search("bird 42", most=9))
    assert opened(folder).refresh()[0] == 59


def test_a_crash_between_the_two_files_mixes_nothing_up(folder: Path) -> None:
    """Ids that SQLite gave up may stand in LanceDB still; they are written over, not added to."""
    index = opened(folder)
    found = [p.source for p in index.search("bird 3 grams", most=5)]
    finder = LanceFinder(next((folder.parent / "cache" / "docs").glob("*.lance")))
    finder.tidy()
    for path in (folder.parent / "cache" / "docs").glob("*.sqlite*"):
        path.unlink()
    assert [p.source for p in opened(folder).search("bird 3 grams", most=5)] == found


def test_too_many_files_are_told_once(folder: Path) -> None:
    left_out: list[LeftOut] = []
    assert len(list(list_files(folder, left_out, most=10))) == 10
    assert [item.why for item in left_out] == [
        "50 files more than the 10 that are read; the extra `scale` takes more"
    ]
