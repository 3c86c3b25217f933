"""A person's own writing that stands at an address: a feed, entry by entry, or one page."""

import re
import tempfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from manyminds.core.errors import ToolFailed, UsageError
from manyminds.recommend.words import Added, add_words
from manyminds.tools.web.fetch import Fetched, Fetcher
from manyminds.tools.web.reader import Reader

__all__ = ["is_address", "words_at"]

_FEED = re.compile(
    rb"\A[\xef\xbb\xbf\s]*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*"
    rb"<(?:\w+:)?(?:rss|feed|RDF)[\s>]",
    re.DOTALL,
)
"""What begins as a feed does."""
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
    try:
        called = name or _name_of(address)
        fetched = await fetcher.get(address, allows=lambda _address: None)
        with tempfile.TemporaryDirectory(prefix="manyminds-") as folder:
            if _FEED.match(fetched.body[:_HEAD]):
                place = Path(folder) / "feed.xml"
                place.write_bytes(fetched.body)
            else:
                place = Path(folder) / "page.md"
                place.write_text(await _page(fetched), "utf-8")
            return add_words(home, place, called)
    except (ToolFailed, UsageError, ValueError) as error:
        why = re.sub(r"\S*manyminds-\S*/(?:feed\.xml|page\.md)", address, str(error))
        raise UsageError(f"{why}; nothing was added") from error


def _name_of(address: str) -> str:
    """Return a name that no other address has: where it is, and a mark of all of it."""
    parts = urlsplit(address)
    mark = sha256(address.encode()).hexdigest()[:6]
    plain = f"{parts.netloc}{parts.path}".strip("/")[:60]
    return f"{plain} {mark}" if parts.query or len(f"{parts.netloc}{parts.path}") > 60 else plain


async def _page(fetched: Fetched) -> str:
    reader = Reader()
    try:
        read = await reader.read(fetched)
    finally:
        await reader.close()
    head = " · ".join(part for part in (read.date, fetched.address) if part)
    return "\n\n".join([f"# {read.title or fetched.address}", head, *(p.text for p in read.parts)])
