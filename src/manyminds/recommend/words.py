"""A person's own writing: copies as text, in a folder that they can read, move and delete."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from manyminds.core.errors import UsageError
from manyminds.recommend.memory.home import own_folder
from manyminds.tools.docs.readers import Document, LeftOut, html_text, list_files, read_files

__all__ = ["WORDS", "Added", "add_words", "forget_words", "list_words"]

WORDS = "words"
"""Folder in the home of what is known of a person."""
_XML: Any = import_module("lxml.etree")  # it has no types
_FEEDS = frozenset((".xml", ".rss", ".atom"))
_MOST_ENTRIES = 10_000


@dataclass(frozen=True, kw_only=True)
class Added:
    """What came in under a name."""

    name: str
    texts: int
    left_out: tuple[LeftOut, ...] = ()


def add_words(home: Path, source: Path, name: str | None = None) -> Added:
    """Copy what a folder, a file or a feed says; what had the name before is gone.

    Raises:
        UsageError: If there is nothing to read.
    """
    place = source.expanduser()
    if not place.exists():
        raise UsageError(f"{source}: there is no such file or folder")
    called = _slug(name or place.resolve().stem)
    left_out: list[LeftOut] = []
    own_folder(home)
    new = home / WORDS / f".{called}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=0o700)
    texts = 0
    for document in _documents(place, left_out):
        target = _free_name(new / _file_name(document.source))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(document.text, encoding="utf-8")
        texts += 1
    if not texts:
        shutil.rmtree(new)
        why = "; ".join(f"{one.path}: {one.why}" for one in left_out[:3])
        raise UsageError(
            f"{source}: nothing to read there"
            + (
                f" ({why})"
                if why
                else "; it takes text, HTML, PDF and Office files, folders of them, and feeds"
            )
        )
    forget = home / WORDS / called
    shutil.rmtree(forget, ignore_errors=True)
    new.rename(forget)
    return Added(name=called, texts=texts, left_out=tuple(left_out))


def list_words(home: Path) -> dict[str, int]:
    """Return the names under which something was added, with the number of texts."""
    folder = home / WORDS
    places = sorted(p for p in folder.glob("*") if p.is_dir() and not p.name.startswith("."))
    return {place.name: len(list(place.rglob("*.md"))) for place in places}


def forget_words(home: Path, name: str) -> None:
    """Delete what was added under a name.

    Raises:
        UsageError: If nothing was.
    """
    if name not in list_words(home):
        raise UsageError(
            f"nothing was added as {name!r}; there are: {', '.join(list_words(home)) or 'none'}"
        )
    shutil.rmtree(home / WORDS / name)


def _documents(place: Path, left_out: list[LeftOut]) -> Iterator[Document]:
    if place.is_file() and place.suffix.casefold() in _FEEDS:
        yield from _entries(place)
        return
    folder = place if place.is_dir() else place.resolve().parent
    paths = list_files(folder, left_out) if place.is_dir() else iter([place.resolve()])
    for _, found in read_files(paths, folder):
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            yield from (document for document in found if document.text.strip())


def _entries(place: Path) -> Iterator[Document]:
    """Yield the entries of a feed, each as a page with its title, day and address."""
    parser = _XML.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        tree: Any = _XML.fromstring(place.read_bytes(), parser=parser)
    except _XML.XMLSyntaxError as error:
        raise UsageError(f"{place}: no feed: {error}") from error
    entries = tree.xpath("//*[local-name()='item' or local-name()='entry']")
    for number, entry in enumerate(entries[:_MOST_ENTRIES], 1):
        title = _of(entry, "title") or f"Entry {number}"
        day = _of(entry, "published", "pubDate", "updated", "date")
        said = html_text(_of(entry, "content", "encoded", "description", "summary"))
        links = entry.xpath("./*[local-name()='link'][not(@rel) or @rel='alternate']")
        link = (links[0].get("href") or links[0].text or "") if links else ""
        head = " · ".join(part for part in (day[:10], link.strip()) if part)
        yield Document(
            source=f"{number:04d}-{_slug(title)}.md", text=f"# {title}\n\n{head}\n\n{said}\n"
        )


def _of(entry: Any, *names: str) -> str:
    for name in names:
        for child in entry:
            if isinstance(child.tag, str) and _XML.QName(child).localname == name:
                return "".join(child.itertext()).strip()
    return ""


def _file_name(source: str) -> str:
    """Return where a document is kept below its name: parts that lead nowhere else."""
    parts = [_slug(part) for part in source.split("/") if part not in ("", ".", "..")]
    stem = "/".join(parts) or "text"
    return f"{stem.removesuffix('-md')}.md"


def _free_name(path: Path) -> Path:
    """Return a name that nothing has yet."""
    number, free = 2, path
    while free.exists():
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.casefold()).strip("-")[:80] or "text"
