"""`do` and `way` on the person's own Chromium: its profile, its window, its sandbox, what is signed in."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manyminds.cli.app import run
from tests.browser import chromium, display
from tests.recommend.test_handoff import Members
from tests.recommend.test_pilot import said
from tests.stub import Stub

SETPRIV = shutil.which("setpriv")
NOBODY = 65534
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or (os.geteuid() == 0 and SETPRIV is None),
    reason="needs Linux, and a user who is not root",
)
SIGN_IN = """
import asyncio, sys
from pathlib import Path
from manyminds.cli.way import browser_on
async def main():
    site, name, profile = sys.argv[1:]
    async with browser_on(Path(profile), (site,)) as context:
        await (await context.new_page()).goto(f"{site}/{name}")
asyncio.run(main())
"""


class Person:
    """Somebody who is not root, with a folder, a profile and a screen of their own."""

    def __init__(self, home: Path, screen: str) -> None:
        self.home, self.profile = home, home / "profile"
        self.environment = {
            **os.environ, "HOME": str(home), "DISPLAY": screen, "MANYMINDS_HOME": str(home / "mm"),
            "XDG_CACHE_HOME": str(home / "cache"),
        }  # fmt: skip
        self._as: list[str] = []
        home.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            # Nobody may read everything, as the tests may lie in root's folder; and nothing more.
            may = "+dac_read_search"
            self._as = [str(SETPRIV), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                        f"--inh-caps={may}", f"--ambient-caps={may}"]  # fmt: skip
            os.chown(home, NOBODY, NOBODY)

    def starts(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self._as, sys.executable, *words], env=self.environment, cwd=self.home, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
        )  # fmt: skip

    def do(self, *words: str, code: int) -> dict[str, Any]:
        more = ["--profile", str(self.profile), "--json"]
        with self.starts("-m", "manyminds.cli", "do", *words, *more) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == code, err
        return json.loads(out)

    def visits(self, site: str, name: str) -> None:
        """Go to a page in their own browser, as they do by hand."""
        with self.starts("-c", SIGN_IN, site, name, str(self.profile)) as process:
            _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err


@pytest.fixture
def members() -> Iterator[Members]:
    with Members() as served:
        yield served


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    chromium()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    with display() as screen:
        yield Person(tmp_path / "person", screen)


def plan_for(site: str) -> str:
    steps = [
        {"kind": "person", "what": "sign in"}, {"kind": "person", "what": "accept the rules"},
        {"kind": "open", "what": f"{site}/form"},
        {"kind": "fill", "what": "Name", "value": "Ann", "origin": "person"},
        {"kind": "press", "what": "Book", "act": "submit"},
    ]  # fmt: skip
    return json.dumps({
        "goal": "a place", "sites": [site], "steps": steps, "receipt": "Booked",
        "look": f"{site}/orders", "mark": "Ann",
    })  # fmt: skip


def test_it_is_done_where_the_person_is_signed_in(members: Members, person: Person) -> None:
    plan = person.home / "book.json"
    plan.write_text(plan_for(members.origin), "utf-8")
    for theirs, page in (("sign in", "signed"), ("accept the rules", "rules")):
        words = [] if page == "signed" else ["--mine-done"]
        told = person.do(str(plan), *words, code=1)
        assert (told["state"], told["why"]) == ("person", theirs)
        person.visits(members.origin, page)
    act = person.do(str(plan), "--mine-done", code=1)["act"]
    assert "Ann" in act["card"]
    assert members.orders == []
    assert person.do(str(plan), "--yes", act["digest"], code=0)["state"] == "done"
    assert members.orders == [{"Name": "Ann"}]
    # What the profile holds stays the person's: none of it is in what we keep.
    kept = [path.read_bytes() for path in (person.home / "mm").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"signed" in one for one in kept)


def test_a_way_waits_in_the_window_until_the_person_has_done_theirs(members: Members, person: Person, stub: Stub) -> None:  # fmt: skip
    stub.behaviours = [
        said("person", "sign in"), said(step=f'open "{members.origin}/terms"'),
        said("over", "enough"),
    ]  # fmt: skip
    ours, theirs = os.openpty()
    words = ["way", "Join", "--site", f"{members.origin}/terms", "--model", stub.model]
    words += ["--profile", str(person.profile), "--out", str(person.home / "plan.json")]
    process = person.starts("-m", "manyminds.cli", *words, stdin=theirs)
    assert process.stderr is not None
    told = ""
    while "your turn" not in told and (line := process.stderr.readline()):
        told += line
    assert "sign in; Enter when it is done" in told
    assert len(stub.requests) == 1
    os.write(ours, b"\n")
    _, rest = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert len(stub.requests) > 1, told + rest
    assert "no way was found: person" not in rest


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
@pytest.mark.parametrize("words", [["do"], ["way", "x", "--site", "http://127.0.0.1:9"]])
def test_roots_chromium_has_no_sandbox_and_is_refused(members: Members, tmp_path: Path, own_home: Path, capsys: pytest.CaptureFixture[str], stub: Stub, words: list[str]) -> None:  # fmt: skip
    plan = tmp_path / "book.json"
    plan.write_text(plan_for(members.origin), "utf-8")
    more = [str(plan)] if words == ["do"] else ["--model", stub.model]
    began = time.monotonic()
    assert run([*words, *more, "--profile", str(tmp_path / "profile")]) == 2
    assert time.monotonic() - began < 60
    assert "--profile is for another user" in capsys.readouterr().err
    assert not (tmp_path / "profile").exists()
