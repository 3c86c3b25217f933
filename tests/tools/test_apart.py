"""Documents of a folder that would break their reader: each is left out, and says why; the rest is read."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import sleep

import psutil
import pytest

from manyminds.tools.docs.apart import Apart
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.readers import LeftOut, read_file
from tests.tools.web.test_reading import (
    FLATE,
    TWICE,
    a_docx,
    a_pdf,
    forms,
    packed,
    pdf_of,
    stream,
    zlib,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be bounded there")
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "page.pdf": (lambda: pdf_of(stream(FLATE, packed(1_024))), "takes too much"),
    "twice.pdf": (lambda: pdf_of(stream(TWICE, zlib.compress(packed(1_024), 9))), "takes too much"),
    "words.pdf": (lambda: pdf_of(stream(FLATE, packed(200, b"BT /F1 12 Tf (x) Tj ET "))), "takes too much"),
    "forms.pdf": (lambda: pdf_of(*forms(12, 10)), "takes too much"),
    "large.docx": (lambda: a_docx(256), "larger than 200 MiB"),
    "150.docx": (lambda: a_docx(150), "MemoryError"),
}  # fmt: skip


SLOW = b"<p " + b" ".join(b"a%d=1" % n for n in range(200_000)) + b">x"


def readers() -> list[psutil.Process]:
    return [c for c in psutil.Process().children() if "tools.docs.readers" in str(c.cmdline())]


@pytest.fixture
def apart() -> Iterator[Apart]:
    made = Apart()
    yield made
    made.close()
    assert readers() == []


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_left_out_and_the_next_file_is_read(
    tmp_path: Path, apart: Apart, name: str
) -> None:
    make, why = BOMBS[name]
    (tmp_path / name).write_bytes(make())
    (tmp_path / "good.pdf").write_bytes(a_pdf("The pump weighs 12 kg"))
    before = psutil.Process().memory_info().rss
    found = read_file(tmp_path / name, tmp_path, apart)
    assert isinstance(found, LeftOut)
    assert why in found.why
    assert psutil.Process().memory_info().rss - before < 64 << 20
    [document] = read_file(tmp_path / "good.pdf", tmp_path, apart)  # type: ignore[misc]
    assert (document.source, document.text.strip()) == ("good.pdf#page=1", "The pump weighs 12 kg")


def test_an_index_says_what_it_left_out_and_tries_no_bomb_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.pdf").write_bytes(BOMBS["twice.pdf"][0]())
    (docs / "b.pdf").write_bytes(a_pdf("The pump weighs 12 kg", "It is blue"))
    asked: list[str] = []
    read = Apart.read

    def counted(self: Apart, data: bytes, kind: str, name: str) -> object:
        asked.append(name)
        return read(self, data, kind, name)

    monkeypatch.setattr(Apart, "read", counted)
    for _ in range(2):
        index = DocsIndex(docs, tmp_path / "cache")
        _, left_out = index.refresh()
        assert [one.path for one in left_out] == ["a.pdf"]
        assert index.search("blue")[0].source == "b.pdf#page=2"
    assert asked == ["a.pdf", "b.pdf"]
    (docs / "a.pdf").write_bytes(a_pdf("Now it can be read"))
    assert DocsIndex(docs, tmp_path / "cache").refresh() == (2, ())
    assert readers() == []


def test_a_reader_that_somebody_ends_costs_no_file(tmp_path: Path, apart: Apart) -> None:
    (tmp_path / "a.pdf").write_bytes(a_pdf("x"))
    for _ in range(3):
        assert isinstance(read_file(tmp_path / "a.pdf", tmp_path, apart), list)
        [child] = readers()
        child.kill()


def test_who_closes_does_not_wait_for_a_bomb(tmp_path: Path, apart: Apart) -> None:
    (tmp_path / "a.html").write_bytes(SLOW)
    found: list[object] = []
    reading = Thread(target=lambda: found.append(read_file(tmp_path / "a.html", tmp_path, apart)))
    reading.start()
    while not readers() or sum(readers()[0].cpu_times()[:2]) < 0.5:
        sleep(0.02)
    apart.close()
    reading.join(timeout=3)
    [left_out] = found
    assert isinstance(left_out, LeftOut)
    assert left_out.why == "was not read to the end"


def test_who_reads_has_nothing_of_the_environment(
    tmp_path: Path, apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    (tmp_path / "a.pdf").write_bytes(a_pdf("x"))
    assert isinstance(read_file(tmp_path / "a.pdf", tmp_path, apart), list)
    [child] = readers()
    assert "sk-canary" not in str(child.environ())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nobody tells there what is held")
def test_what_a_process_was_given_itself_is_not_passed(tmp_path: Path) -> None:
    """Under `ulimit -v`, too, files are read."""
    (tmp_path / "a.pdf").write_bytes(a_pdf("The pump weighs 12 kg"))
    code = (
        "import resource, sys, pathlib\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "from manyminds.tools.docs.apart import Apart\n"
        "from manyminds.tools.docs.readers import read_file\n"
        "folder, apart = pathlib.Path(sys.argv[1]), Apart()\n"
        "print(read_file(folder / 'a.pdf', folder, apart)[0].text)\n"
        "apart.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)  # fmt: skip
    assert "12 kg" in done.stdout, done.stderr
