"""Pages that nobody here wrote, as a small web on loopback: Debian's documentation packages.

    python benchmarks/research/site.py --get          # downloads and unpacks the packages, once
    python benchmarks/research/site.py --port 8099    # serves them until Ctrl-C

Each package stands under its name (/python/library/os.html); /search?q=WORDS&format=json answers as
SearXNG does, over all of their pages; --data adds the blog feed as /feed.xml. Nothing of the
packages is part of the project: they lie in .cache/site.
"""

import argparse
import asyncio
import html
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from manyminds.tools.docs import store
from manyminds.tools.docs.readers import Document, LeftOut, read_files

ROOT = Path(__file__).parents[2] / ".cache" / "site"
PACKAGES = {
    "python": ("python3.11-doc", "usr/share/doc/python3.11/html"),
    "postgresql": ("postgresql-doc-15", "usr/share/doc/postgresql-doc-15/html"),
    "sqlite": ("sqlite3-doc", "usr/share/doc/sqlite3"),
}
INDEXES = (
    "genindex",
    "py-modindex",
    "search",
    "keyword_index",
    "doc_keyword_crossref",
    "bookindex",
)
"""Pages that are judgements of relevance, and would be found for every term."""


def get() -> None:
    """Download and unpack the packages that are not there yet."""
    ROOT.mkdir(parents=True, exist_ok=True)
    for package, folder in PACKAGES.values():
        if not (ROOT / folder).is_dir():
            subprocess.run(
                ["apt-get", "download", package], cwd=ROOT, check=True, capture_output=True
            )
            [file] = ROOT.glob(f"{package}_*.deb")
            subprocess.run(["dpkg-deb", "-x", str(file), str(ROOT)], check=True)
            file.unlink()


def folder_of(name: str) -> Path:
    """Return where a package's pages lie.

    Raises:
        SystemExit: If it was not downloaded.
    """
    folder = ROOT / PACKAGES[name][1]
    if not folder.is_dir():
        sys.exit(f"{folder} is not there; run: python benchmarks/research/site.py --get")
    return folder.resolve()


def pages(name: str) -> Iterator[tuple[str, Path]]:
    """Yield the pages of a package by their place below it, its indexes left out."""
    folder = folder_of(name)
    for path in sorted(folder.rglob("*.html")):
        if not path.name.startswith(INDEXES):
            yield path.relative_to(folder).as_posix(), path


def documents(name: str) -> Iterator[tuple[str, Document]]:
    """Yield the texts of a package, by the names they are cited by."""
    folder = folder_of(name)
    places = {path: place for place, path in pages(name)}
    for path, found in read_files(places, folder):
        if not isinstance(found, LeftOut):
            for document in found:
                source = f"{name}/{document.source}"
                links = tuple(
                    replace(link, target=f"{name}/{link.target}") for link in document.links
                )
                yield (
                    f"{name}/{places[path]}",
                    Document(source=source, text=document.text, links=links),
                )


def index(path: Path, *, headed: bool = True) -> sqlite3.Connection:
    """Return an index over all pages; it is built where it is missing."""
    fresh = not path.exists()
    db = store.open_passages(path)
    if fresh:
        with db:
            store.add(db, (pair for name in PACKAGES for pair in documents(name)), headed=headed)
    return db


def title_of(source: str) -> str:
    """Return a page's title, as it tells."""
    name, _, place = source.partition("/")
    text = (folder_of(name) / place).read_text(encoding="utf-8", errors="replace")
    found = re.search(r"<title>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
    return " ".join(html.unescape(found[1]).split())[:120] if found else source


class Searcher:
    """Answers as SearXNG does."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    async def __call__(self, request: web.Request) -> web.Response:
        """Answer one search."""
        query = request.query.get("q", "")
        rows: dict[str, dict[str, str]] = {}
        for passage in store.search(self.db, query, most=30):
            if passage.source not in rows and len(rows) < 10:
                address = f"{request.url.origin()}/{passage.source}"
                rows[passage.source] = {
                    "url": address, "title": title_of(passage.source),
                    "content": " ".join(passage.text.split())[:240],
                }  # fmt: skip
        return web.json_response({"results": list(rows.values())})


def app(data: Path | None = None) -> web.Application:
    """Return the site; its index is built at first."""
    made = web.Application()
    made.router.add_get("/search", Searcher(index(ROOT / "index.sqlite")))
    for name in PACKAGES:
        made.router.add_static(f"/{name}/", folder_of(name), follow_symlinks=True)
    if data is not None:
        feed = (data / "blog" / "feed.xml").read_bytes()

        async def serve_feed(_request: web.Request) -> web.Response:
            return web.Response(body=feed, content_type="application/atom+xml")

        made.router.add_get("/feed.xml", serve_feed)
    return made


async def serve(port: int, data: Path | None) -> None:
    """Serve until cancelled."""
    runner = web.AppRunner(app(data), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"http://127.0.0.1:{port}/", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Get the packages, or serve them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--get", action="store_true")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    if asked.get:
        get()
        return
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(asked.port, asked.data))


if __name__ == "__main__":
    main()
