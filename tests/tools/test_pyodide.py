"""Programs in Deno and Pyodide that try to get out, or to take too much; skipped without Deno."""

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from manyminds.core.errors import ToolFailed
from manyminds.runtime.paths import cache_home
from manyminds.tools.sandbox.choose import Isolation, prove
from manyminds.tools.sandbox.jail import Jail, Limits
from manyminds.tools.sandbox.pyodide import Deno, fetch
from manyminds.tools.sandbox.tool import Python
from tests.chaos.counts import LATE_S

pytestmark = pytest.mark.anyio
SMALL = Limits(memory_mb=400, cpu_s=60)


@pytest.fixture(scope="module")
def isolation() -> Isolation:
    deno = Deno(cache=cache_home())
    try:
        fetch(cache_home())
        binary = deno.find()
    except ToolFailed as error:
        pytest.skip(f"left out: {error}")
    assert binary is not None
    return Isolation(jailer=deno, binary=binary)


@pytest.fixture(scope="module")
async def shared(isolation: Isolation) -> AsyncIterator[Python]:
    tool = Python(isolation, limits=SMALL)
    yield tool
    await tool.close()


async def out(tool: Python, code: str, *, seconds: float = 5) -> str:
    ran = await tool.run("m1", code, seconds=seconds)
    assert ran.error is None
    return ran.stdout.strip()


async def test_it_passes_the_proof(isolation: Isolation) -> None:
    assert isolation.jailer is not None
    assert isolation.binary is not None
    assert await prove(isolation.jailer, isolation.binary) is None


class Unprotected(Deno):
    """The same, with every permission: what the proof must notice."""

    def jail(self, binary: str, limits: Limits) -> Jail:
        argv = super().jail(binary, limits).argv
        kept = [a for a in argv if not a.startswith(("--deny", "--allow", "--no-npm"))]
        kept.insert(kept.index("run") + 1, "--allow-all")
        return Jail(argv=tuple(kept))


async def test_the_proof_notices_permissions(isolation: Isolation) -> None:
    assert isinstance(isolation.jailer, Deno)
    assert isolation.binary is not None
    reason = await prove(Unprotected(cache=isolation.jailer.cache), isolation.binary)
    assert reason is not None
    assert "the home folder, by JavaScript" in reason


async def test_it_runs_python_and_keeps_names(shared: Python) -> None:
    assert await out(shared, "x = 6 * 7\nprint(x)") == "42"
    assert await out(shared, "x + 1") == "43"
    assert "standard library" in shared.spec.description
    assert "numpy" not in shared.spec.description


async def test_a_failure_is_told_from_the_program_on(shared: Python) -> None:
    ran = await shared.run("m1", "def f():\n    return 1 / 0\nprint('before')\nf()")
    assert ran.stdout == "before\n"
    assert ran.error is not None
    assert ran.error.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "return 1 / 0" in ran.error
    assert "/jail" not in ran.error


MADE = Path("/tmp/made-by-pyodide")
JS = "import pyodide_js\njs = pyodide_js.runPython.constructor\n"
ESCAPES = {
    "passwd": "open('/etc/passwd')",
    "the project": "__import__('os').listdir('/work')",
    "fork": "__import__('os').fork()",
    "subprocess": "__import__('subprocess').run(['/bin/true'])",
    "tcp": "__import__('socket').create_connection(('127.0.0.1', PORT), 1)",
    "js: files": "js('return Deno.readTextFileSync(\"/etc/passwd\")')()",
    "js: a folder": "js('return [...Deno.readDirSync(\"/\")]')()",
    "js: writing": "js('return Deno.writeTextFileSync(\"/tmp/made-by-pyodide\", \"x\")')()",
    "js: node's files": "js('return process.getBuiltinModule(\"fs\").readFileSync(\"/etc/passwd\")')()",
    "js: processes": "js('return new Deno.Command(\"/bin/true\").outputSync()')()",
    "js: environment": "js('return Deno.env.toObject()')()",
    "js: network": "js('return Deno.listen({port: 0})')()",
    "js: libraries": "js('return Deno.dlopen(\"libc.so.6\", {})')()",
    "js: more permissions": "js('return Deno.permissions.requestSync({name: \"net\"}).state === \"granted\" || nothing')()",
}  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
async def test_nothing_outside_is_reached(shared: Python, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        code = f"{JS}PORT = {port}\ntry:\n    {ESCAPES[name]}\n    print('REACHED')\nexcept BaseException as e:\n    print(type(e).__name__)"
        assert await out(shared, code) != "REACHED"
    assert not await asyncio.to_thread(MADE.exists)


async def test_a_fetch_by_javascript_reaches_nobody(shared: Python) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port: int = listener.getsockname()[1]
        code = f"{JS}p = js('return fetch(\"http://127.0.0.1:{port}\").catch(() => 0)')()\nprint(1)"
        await out(shared, code)
        await asyncio.sleep(0.3)
        with pytest.raises(BlockingIOError):
            listener.accept()


HOGS = {
    "processor": "while True: pass",
    "memory": "x = bytearray(1 << 30)",
    "memory by and by": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "memory by JavaScript": f"{JS}js('const kept = []; while (true) kept.push(new Uint8Array(1 << 24).fill(1))')()",
    "a loop of JavaScript": f"{JS}js('while (true) {{}}')()",
    "recursion": "def f(): return f()\nf()",
    "its own end": "import os; os._exit(0)",
    "the process, by JavaScript": f"{JS}js('Deno.exit(0)')()",
}


@pytest.mark.parametrize("name", HOGS)
async def test_a_hog_is_stopped_and_the_next_program_runs(shared: Python, name: str) -> None:
    began = time.monotonic()
    ran = await shared.run("m1", HOGS[name], seconds=3)
    assert ran.error is not None
    assert time.monotonic() - began < 15 + LATE_S
    assert await out(shared, "print('well')") == "well"


async def test_memory_taken_after_the_answer_is_seen_too(isolation: Isolation) -> None:
    tool = Python(isolation, limits=Limits(memory_mb=401, cpu_s=60))
    # Another size than the shared guest's, to know this one by.
    later = "setInterval(() => kept.push(new Uint8Array(1 << 26).fill(1)), 1)"
    await out(tool, f"{JS}js('globalThis.kept = []; {later}')()\nprint(1)")
    assert guests("401")
    for _ in range(100):
        if not guests("401"):
            break
        await asyncio.sleep(0.1)
    assert guests("401") == []
    await tool.close()


async def test_a_guest_whose_memory_cannot_be_seen_is_ended(
    shared: Python, isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = Python(isolation, limits=SMALL)
    await out(tool, "print(1)")
    await shared.end("m1")  # it would be ended as well
    monkeypatch.setenv("PATH", "/nowhere")
    ran = await tool.run("m1", "while True: pass", seconds=10)
    assert not ran.alive
    assert "killed: the program ended its process" in (ran.error or "")
    await tool.close()


async def test_a_loop_ends_in_time_and_keeps_what_it_had(shared: Python) -> None:
    await out(shared, "kept = 1")
    ran = await shared.run("m1", "print('so far')\nwhile True: pass", seconds=3)
    assert ran.stdout == "so far\n"
    assert "longer than its time limit" in (ran.error or "")
    assert await out(shared, "print(kept)") == "1"


async def test_much_output_is_cut(shared: Python) -> None:
    assert len(await out(shared, "print('x' * 10_000_000)")) < 100_000


def guests(memory_mb: str = "777") -> list[str]:
    told = subprocess.run(["ps", "-ewwo", "args="], capture_output=True, text=True, check=True)
    return [line for line in told.stdout.splitlines() if f'"memory_mb": {memory_mb}' in line]


async def test_closing_leaves_no_process(isolation: Isolation) -> None:
    tool = Python(isolation, limits=Limits(memory_mb=777))
    await out(tool, "print(1)")
    assert guests()
    await tool.close()
    assert guests() == []


async def test_a_changed_pyodide_is_refused(isolation: Isolation, tmp_path: Path) -> None:
    assert isinstance(isolation.jailer, Deno)
    settings = isolation.jailer.jail("deno", SMALL).argv[-1]
    real = Path(json.loads(settings)["pyodide"])
    shutil.copytree(real, tmp_path / real.name)
    assert Deno(cache=tmp_path).find() is not None
    with (tmp_path / real.name / "pyodide.asm.mjs").open("a") as file:
        file.write("\n")
    with pytest.raises(ToolFailed, match="is not the file of Pyodide"):
        Deno(cache=tmp_path).find()


@pytest.mark.usefixtures("isolation")
async def test_without_pyodide_the_fix_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="manyminds doctor --pyodide"):
        Deno(cache=tmp_path).find()
