"""Which model to use when nobody said: configured, keys, local servers, else the embedded one."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from manyminds.core.errors import UsageError
from manyminds.runtime.embedded.parts import CODER, installed
from manyminds.runtime.endpoints import LOCAL_SERVERS, is_loopback
from manyminds.runtime.keys import Key, find_key

__all__ = ["Choice", "choose_models", "served_locally"]

_HOSTED_DEFAULTS = (
    ("openai", "openai:gpt-5-mini"),
    ("anthropic", "anthropic:claude-sonnet-5"),
    ("google", "google:gemini-2.5-flash"),
    ("openrouter", "openrouter:openai/gpt-5-mini"),
)
LOOK_S = 0.6
"""A server on this machine that takes longer is not up."""
CONFIGURED_S = 10.0
"""An address that somebody configured may be far away."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The models of a run, and in one line why these."""

    models: tuple[str, ...]
    why: str


async def choose_models(
    asked: Sequence[str],
    configured: Sequence[str],
    *,
    servers: Mapping[str, str] = LOCAL_SERVERS,
    here: bool = False,
) -> Choice:
    """Return the models to use; asks local servers only when nothing else is known.

    With `here`, what runs elsewhere is not so much as asked what it has.
    """
    if asked:
        return Choice(models=tuple(asked), why="as asked for")
    if configured:
        return Choice(models=tuple(configured), why="as configured")
    base = os.environ.get("OPENAI_BASE_URL", "").strip()
    if base and not (here and not is_loopback(base)):
        served = await _list(base.rstrip("/"), key=find_key("openai"), seconds=CONFIGURED_S)
        if not served:
            raise UsageError(
                f"OPENAI_BASE_URL is {base}, but no models are listed there; "
                "is it up? name one with --model openai:NAME, or unset it"
            )
        return Choice(models=(f"openai:{served[0]}",), why=f"OPENAI_BASE_URL is {base}")
    for provider, model in () if here else _HOSTED_DEFAULTS:
        key = find_key(provider)
        if key is not None:
            return Choice(models=(model,), why=f"a key for {provider} is in the {key.place}")
    local = await served_locally(servers)
    for provider, names in local.items():
        if names:
            return Choice(models=(f"{provider}:{names[0]}",), why=f"{provider} answers locally")
    name = f"embedded:{CODER.name}"
    if installed(CODER):
        why = "no key and no local server found, so the embedded 1.5B model: good for a try only"
    else:
        why = "no key, no local server, and the embedded model is not installed (extra `local`)"
    return Choice(models=(name,), why=why)


async def served_locally(
    servers: Mapping[str, str] = LOCAL_SERVERS,
) -> dict[str, tuple[str, ...]]:
    """Return the models of each local server that answers, by provider."""
    names = list(servers)
    found = await asyncio.gather(*(_list(servers[name]) for name in names))
    return {name: served for name, served in zip(names, found, strict=True) if served is not None}


async def _list(
    base_url: str, *, key: Key | None = None, seconds: float = LOOK_S
) -> tuple[str, ...] | None:
    """Return the models listed there; `None` where nothing of the kind answers."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    headers = {} if key is None else {"Authorization": f"Bearer {key.reveal()}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.get(f"{base_url}/models") as response,
        ):
            found = await response.json()
            return tuple(str(entry["id"]) for entry in found["data"])
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
        return None
