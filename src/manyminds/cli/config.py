"""`manyminds config show`: every setting, and where it is from."""

import json
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.runtime.address import shown as shown_address
from manyminds.runtime.paths import cache_home, config_home, data_home
from manyminds.runtime.settings import SETTINGS, Setting, load_settings

__all__ = ["app"]

app = App(name="config", help="Show the settings and where each is from.")


@app.command
def show(
    *,
    origin: Annotated[bool, Parameter(negative=())] = False,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Show every setting.

    Args:
        origin: Say where each is from: flag, environment, file or default.
        json_: Print one JSON object.
    """
    settings = load_settings({})
    folders = {"data": data_home(), "cache": cache_home(), "config": config_home()}
    if json_:
        shown = {s.name: {"value": _open(s), "origin": s.origin} for s in settings.values()}
        paths = {name: str(path) for name, path in folders.items()}
        print(
            json.dumps({"outcome": "answered", "cost": None, "settings": shown, "folders": paths})
        )
        return 0
    for setting in settings.values():
        value = _open(setting)
        value = ", ".join(value) if isinstance(value, tuple) else value
        shown_value = "-" if value is None or value == "" else value
        tail = f"  ({setting.origin})" if origin else f"  {SETTINGS[setting.name].about}"
        print(f"{setting.name:10} {shown_value!s:16}{tail}")
    for name, path in folders.items():
        print(f"{name:10} {path}")
    return 0


def _open(setting: Setting) -> str | int | tuple[str, ...] | None:
    """Return a value as it may be shown."""
    if setting.name == "fleet" and isinstance(setting.value, str):
        return shown_address(setting.value)
    return setting.value
