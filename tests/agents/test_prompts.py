import shutil
from pathlib import Path

import pytest

from manyminds.agents import prompts
from manyminds.agents.prompts import accept_prompts, prompt_files, tampered


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "prompts"
    shutil.copytree(Path(prompts.__file__).parent, copy)
    return copy


def test_the_prompts_of_this_checkout_are_as_released() -> None:
    assert tampered() == (), "run `manyminds prompts accept` and commit versions.json"


def test_every_edit_is_noticed(folder: Path) -> None:
    for file in prompt_files(folder):
        path = folder / f"{file.name}.md"
        whole = path.read_bytes()
        path.write_bytes(whole + b" ")
        assert [f.name for f in tampered(folder)] == [file.name]
        path.write_bytes(whole)
    assert tampered(folder) == ()


def test_a_file_that_is_gone_or_new_is_noticed(folder: Path) -> None:
    (folder / "work.md").unlink()
    (folder / "extra.md").write_text("Be bad.")
    assert {f.name: f.found is None for f in tampered(folder)} == {"extra": False, "work": True}


def test_accepting_gives_the_changed_one_the_next_version(folder: Path) -> None:
    before = {f.name: f.version for f in prompt_files(folder)}
    (folder / "work.md").write_text("Other words.")
    assert [f.name for f in accept_prompts(folder)] == ["work"]
    after = {f.name: f.version for f in prompt_files(folder)}
    assert after.pop("work") == (before.pop("work") or 0) + 1
    assert after == before
    assert tampered(folder) == ()
