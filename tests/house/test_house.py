"""The rules of the house, checked where they can be."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import manyminds
from manyminds.agents.prompts import prompts_hash
from manyminds.core import errors

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
_FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
TEXTS = _FILES.stdout.splitlines()


def test_every_public_name_can_be_loaded() -> None:
    assert sorted(manyminds.__all__) == dir(manyminds)
    assert [n for n in manyminds.__all__ if getattr(manyminds, n, None) is None] == []


def test_every_error_stands_in_the_tree() -> None:
    tree = errors.__doc__ or ""
    classes = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, Exception)]
    assert [c.__name__ for c in classes if c.__name__ not in tree] == []
    assert all(issubclass(c, errors.ManymindsError) for c in classes)


def test_no_file_is_longer_than_a_room() -> None:
    assert [p.name for p in SOURCES if len(p.read_text().splitlines()) > 600] == []


def test_no_function_is_longer_than_a_screen() -> None:
    long: list[str] = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno
                if length > 60:
                    long.append(f"{path.name}:{node.name} ({length})")
    assert long == []


def test_all_lists_stand_in_order_and_name_what_is_there() -> None:
    for path in SOURCES:
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        if name.endswith(("worker", "__main__", "child")) or name == "manyminds":
            continue
        module = importlib.import_module(name.removesuffix(".__init__"))
        listed = getattr(module, "__all__", [])
        assert [n for n in listed if not hasattr(module, n)] == [], name


def test_no_registry_host_is_named() -> None:
    # Put together here, so that this file does not name them either.
    names = (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"), ("deb", "debian"))
    hosts = re.compile("|".join(re.escape(".".join(name)) for name in names))
    named = [t for t in TEXTS if (ROOT / t).is_file() and hosts.search((ROOT / t).read_text(errors="ignore"))]  # fmt: skip
    assert named == []


def test_importing_the_package_loads_no_agent_library() -> None:
    code = "import sys, manyminds; print('pydantic_ai' in sys.modules, 'openai' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


def test_prompts_have_one_hash_and_no_loose_variables() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", prompts_hash())
    assert prompts_hash() == prompts_hash()
