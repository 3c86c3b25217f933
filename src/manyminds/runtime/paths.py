"""Where data lives: the platform's user folders, or all of it under `MANYMINDS_HOME`."""

import os
from pathlib import Path

import platformdirs

__all__ = ["cache_home", "config_home", "data_home", "person_home", "speech_model"]

_NAME = "manyminds"


def _moved() -> Path | None:
    home = os.environ.get("MANYMINDS_HOME")
    return Path(home).expanduser().absolute() if home else None


def data_home() -> Path:
    """Return the folder of transcripts."""
    moved = _moved()
    return platformdirs.user_data_path(_NAME, appauthor=False) if moved is None else moved


def cache_home() -> Path:
    """Return the folder of what can be made again: the joined model, probes, indexes."""
    moved = _moved()
    return (
        platformdirs.user_cache_path(_NAME, appauthor=False) if moved is None else moved / "cache"
    )


def config_home() -> Path:
    """Return the folder of the user's settings and, where there is no keyring, keys."""
    moved = _moved()
    return platformdirs.user_config_path(_NAME, appauthor=False) if moved is None else moved


def person_home(folder: Path | None = None) -> Path:
    """Return the folder of what is known of the person: the one they name, or `me`."""
    return data_home() / "me" if folder is None else folder.expanduser().absolute()


def speech_model() -> Path | None:
    """Return the folder of the Whisper model that the person wants; `None`: the usual one."""
    folder = os.environ.get("MANYMINDS_SPEECH_MODEL")
    return Path(folder).expanduser().absolute() if folder else None
