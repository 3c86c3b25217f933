"""Prompts as Markdown files; variables are strict, versions are recorded, changes are noticed.

`versions.json` holds the version and the SHA-256 of each file as it was released. A file that does
not match was changed outside of a release: runs refuse to start until it is put back, or until the
change is accepted as a new version (`manyminds prompts accept`).
"""

import json
import os
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import cast

__all__ = ["PromptFile", "accept_prompts", "prompt", "prompt_files", "prompts_hash", "tampered"]

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")
_VERSIONS = "versions.json"
_Signature = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class PromptFile:
    """One prompt as it stands on disk, beside what was released."""

    name: str
    version: int | None
    """As released; `None` for a file that no release knows."""
    released: str | None
    """SHA-256 as released."""
    found: str | None
    """SHA-256 as found; `None` where the file is gone."""

    @property
    def intact(self) -> bool:
        """Whether it is what was released."""
        return self.released is not None and self.released == self.found


def prompt(name: str, **variables: str) -> str:
    """Return a prompt with its variables filled in.

    Raises:
        KeyError: If the file asks for a variable that is not given, or is given one it lacks:
            a mistake of ours, not of the caller.
    """
    text = _text(name)
    wanted = set(_VARIABLE.findall(text))
    if wanted != set(variables):
        raise KeyError(f"prompt {name!r} takes {sorted(wanted)}, was given {sorted(variables)}")
    return _VARIABLE.sub(lambda match: variables[match[1]], text)


@cache
def _text(name: str) -> str:
    return (files(__name__) / f"{name}.md").read_text(encoding="utf-8").strip()


@cache
def prompts_hash() -> str:
    """Return a short hash over every prompt file, names included."""
    digest = sha256()
    for name, data in sorted(_on_disk(_place()).items()):
        digest.update(f"{name}.md".encode() + b"\0" + data + b"\0")
    return digest.hexdigest()[:16]


def prompt_files(place: Path | None = None) -> tuple[PromptFile, ...]:
    """Return every prompt there is or should be, by name.

    Args:
        place: The folder; by default the package's own.
    """
    folder = _place() if place is None else place
    return _files_in(folder, _signature(folder))


@lru_cache(8)
def _files_in(folder: Path, _as_it_stands: _Signature) -> tuple[PromptFile, ...]:
    found = _on_disk(folder)
    released = _released(folder)
    return tuple(
        PromptFile(
            name=name,
            version=released[name][0] if name in released else None,
            released=released[name][1] if name in released else None,
            found=sha256(found[name]).hexdigest() if name in found else None,
        )
        for name in sorted({*found, *released})
    )


def tampered(place: Path | None = None) -> tuple[PromptFile, ...]:
    """Return the prompts that are not as they were released."""
    return tuple(file for file in prompt_files(place) if not file.intact)


def accept_prompts(place: Path | None = None) -> tuple[PromptFile, ...]:
    """Make what is on disk the released state; changed prompts get the next version."""
    folder = _place() if place is None else place
    kept = {
        file.name: {
            "version": (file.version or 0) + (0 if file.intact else 1),
            "sha256": file.found,
        }
        for file in prompt_files(folder)
        if file.found is not None
    }
    changed = tampered(folder)
    (folder / _VERSIONS).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return changed


@cache
def _place() -> Path:
    return Path(str(files(__name__)))


def _signature(folder: Path) -> _Signature:
    """Return what changes with the files: a run looks at them all before it begins."""
    with os.scandir(folder) as entries:
        stats = [(entry.name, entry.stat()) for entry in entries]
    return tuple(sorted((name, s.st_ino, s.st_size, s.st_ctime_ns) for name, s in stats))


def _on_disk(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in folder.glob("*.md")}


def _released(folder: Path) -> dict[str, tuple[int, str]]:
    try:
        stored = json.loads((folder / _VERSIONS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    entries = cast("dict[str, dict[str, int | str]]", stored)
    return {n: (int(e["version"]), str(e["sha256"])) for n, e in entries.items()}
