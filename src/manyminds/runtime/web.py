"""The web for one run: engines with their keys, what may be fetched, where pages are kept."""

from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from manyminds.core.errors import UsageError
from manyminds.core.protocols import Tool
from manyminds.core.values import Task
from manyminds.runtime.keys import find_key
from manyminds.tools.web.addresses import AddressRefused, parse_address
from manyminds.tools.web.fetch import Fetcher
from manyminds.tools.web.lists import list_tools
from manyminds.tools.web.named import readings_of
from manyminds.tools.web.outgoing import Outgoing
from manyminds.tools.web.reader import Reader
from manyminds.tools.web.render import Renderer, why_not_ready
from manyminds.tools.web.search import parse_engines
from manyminds.tools.web.sites import Sites, parse_sites
from manyminds.tools.web.sources import Sources
from manyminds.tools.web.tool import ReadPage, SearchWeb, Web

__all__ = ["WebOptions", "ready_web", "sites_in"]


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """How a run may use the web."""

    engines: str = "ddgs"
    """As `parse_engines` reads them."""
    sites: tuple[str, ...] = ()
    """Sites of which everything may be fetched."""
    no_sites: tuple[str, ...] = ()
    """Sites that nothing is fetched from."""
    lists: bool = False
    """Whether what pages lead to can be listed."""
    javascript: bool = False
    """Whether scripts of pages are run that show little without."""
    loopback: bool = False
    """Whether pages on this machine may be fetched; for tests."""


async def ready_web(
    stack: AsyncExitStack,
    options: WebOptions,
    task: Task,
    *,
    cache: Path,
    sources: Path,
    outgoing: Outgoing,
    on_sites: Callable[[Sites], None] = lambda _sites: None,
) -> list[Tool]:
    """Ready the web's tools; nothing is fetched yet.

    Args:
        stack: Closes what is opened.
        options: What may be used.
        task: Addresses that the question names may be fetched.
        cache: Folder for pages that may be kept between runs.
        sources: File that the pages of this run are kept in.
        outgoing: What may leave this machine in words of a model.
        on_sites: Given what may be fetched, to be able to change it by an approved plan.

    Raises:
        UsageError: If an engine or a site is named wrongly, or a key is missing.
    """
    if options.javascript and (why := why_not_ready()):
        raise UsageError(f"--javascript: {why}")
    engines = parse_engines(options.engines, _key)
    sites = Sites(
        allowed=parse_sites(options.sites, loopback=options.loopback),
        forbidden=parse_sites(options.no_sites, loopback=options.loopback),
        loopback=options.loopback,
    )  # fmt: skip
    sites.know(readings_of(task.prompt))
    on_sites(sites)
    fetcher = Fetcher(cache=cache / "web", now=lambda: datetime.now(UTC), loopback=options.loopback)
    web = Web(
        engines=engines, fetcher=fetcher, reader=Reader(), sources=Sources(sources), sites=sites,
        outgoing=outgoing, question=task.prompt,
        renderer=Renderer(fetcher=fetcher) if options.javascript else None,
    )  # fmt: skip
    stack.push_async_callback(web.close)
    more = list_tools(web) if options.lists else []
    return [SearchWeb(web=web), ReadPage(web=web), *more]


def sites_in(question: str, *, loopback: bool = False) -> tuple[str, ...]:
    """Return the sites whose pages a question names."""
    found: dict[str, None] = {}
    for address in readings_of(question):
        with suppress(AddressRefused):
            found[parse_address(address, loopback=loopback).host] = None
    return tuple(found)


def _key(name: str) -> str | None:
    key = find_key(name)
    return None if key is None else key.reveal()
