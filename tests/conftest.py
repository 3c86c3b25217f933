import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from manyminds.runtime.paths import cache_home
from manyminds.tools.sandbox.choose import find_isolation
from manyminds.tools.sandbox.tool import Python
from tests.chaos import counts
from tests.postgres import database, postgres
from tests.stub import Stub


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Keep what the full suites counted, unless only a part of a module was run."""
    stats = terminalreporter.stats
    if counts.FULL and not stats.get("deselected"):
        broken = [*stats.get("failed", ()), *stats.get("error", ())]
        counts.keep({report.nodeid.partition("::")[0] for report in broken})


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a data folder of its own, and no keys or servers of this machine's."""
    home = tmp_path / "home"
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_BASE_URL")) or name.startswith("MANYMINDS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MANYMINDS_HOME", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)
    return home


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """A folder of documents: with it a panel works with tools, whatever its model can do."""
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "note.txt").write_text("The filter is blue.\n")
    return tmp_path / "papers"


@pytest.fixture
async def python() -> AsyncIterator[Python]:
    """The Python tool in the sandbox that works here."""
    isolation = await find_isolation(cache_home())
    if isolation.jailer is None:
        pytest.skip(f"left out: no sandbox works here: {isolation.refused}")
    tool = Python(isolation)
    yield tool
    await tool.close()


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A real HTTP server that speaks, or fails to speak, the chat completions protocol."""
    with Stub() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own; a short path, which its socket needs."""
    with tempfile.TemporaryDirectory(prefix="mm-pg-") as folder, postgres(Path(folder)) as server:
        yield server


@pytest.fixture
def fleet_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty database."""
    with database(postgres_server, f"t{next(_NUMBERS)}") as url:
        yield url


_NUMBERS = itertools.count()
