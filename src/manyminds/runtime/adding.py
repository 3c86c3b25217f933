"""A person's own writing that stands at an address: a feed, entry by entry, or one page."""

import re
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from manyminds.core.errors import ToolFailed, UsageError
from manyminds.recommend.words import Added, add_words
from manyminds.tools.web.fetch import Fetched, Fetcher
from manyminds.tools.web.reader import Reader

__all__ = ["is_address", "words_at"]

_FEED = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF)[\s>]")
_HEAD = 4_096
"""Bytes in which a feed says that it is one."""


def is_address(source: str) -> bool:
    """Say whether a source is an address rather than a file."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


async def words_at(home: Path, address: str, name: str | None, fetcher: Fetcher) -> Added:
    """Fetch what somebody wrote and copy what it says; what had the name before is gone.

    Args:
        home: Folder of what is known of the person.
        address: Of a feed or a page.
        name: What it is called; by its address, where nothing is said.
        fetcher: Who fetches; this one address and nothing that it links to.

    Raises:
        UsageError: If it is not there or says nothing; what was added before stays.
    """
    parts = urlsplit(address)
    called = name or f"{parts.netloc}{parts.path}"
    try:
        fetched = await fetcher.get(address, allows=lambda _address: None)
        with tempfile.TemporaryDirectory(prefix="manyminds-") as folder:
            if _FEED.search(fetched.body[:_HEAD]):
                place = Path(folder) / "feed.xml"
                place.write_bytes(fetched.body)
            else:
                place = Path(folder) / "page.md"
                place.write_text(await _page(fetched), "utf-8")
            return add_words(home, place, called)
    except ToolFailed as error:
        raise UsageError(f"{error}; nothing was added") from error


async def _page(fetched: Fetched) -> str:
    reader = Reader()
    try:
        read = await reader.read(fetched)
    finally:
        await reader.close()
    head = " · ".join(part for part in (read.date, fetched.address) if part)
    return "\n\n".join([f"# {read.title or fetched.address}", head, *(p.text for p in read.parts)])
