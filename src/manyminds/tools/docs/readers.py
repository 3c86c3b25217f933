"""From files to plain text, with the lines that passages are cited by.

A PDF becomes one document a page, since its lines mean nothing across pages. HTML and Word files
are read as Markdown; their lines are those of that text.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pypdfium2
from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

from manyminds.tools.docs.apart import Apart, Rows, serve
from manyminds.tools.docs.hidden import shown_html
from manyminds.tools.docs.hidden_pdf import shown_text
from manyminds.tools.docs.links import Link, html_links, markdown_links
from manyminds.tools.docs.office import OFFICE, Unreadable, office_texts

__all__ = ["Document", "LeftOut", "has_more_files", "list_files", "main", "read_file", "read_files"]

MAX_BYTES = 20 << 20
MAX_FILES = 5_000
MOST_FILES = 500_000
"""With the extra `scale`."""
_MORE = "; the extra `scale` takes more"
_FEW = 16
"""Pages of HTML that are read at once, before it is worth to begin a process for the others."""
_LARGE = 128 << 10
"""Bytes of HTML that might be a bomb."""
_NO_TEXT = "not text"
_AHEAD = 32
"""Files that are read, or being read, before they are asked for."""
_TEXT = frozenset((
    ".md", ".markdown", ".txt", ".rst", ".text", ".log", ".csv", ".tsv", ".json", ".toml",
    ".yaml", ".yml", ".ini", ".cfg", ".py", ".js", ".ts", ".c", ".h", ".cpp", ".rs", ".go",
    ".java", ".sh", ".sql", ".tex", ".org", ".adoc",
))  # fmt: skip
_HTML = frozenset((".html", ".htm", ".xhtml"))
_MARKDOWN = frozenset((".md", ".markdown"))
_OTHERS = frozenset((".pdf", *OFFICE))
_AS_MARKDOWN = ConversionOptions(
    strip_tags=["a", "img", "b", "strong", "em", "i", "picture", "video", "audio"],
    exclude_selectors=["script", "style", "noscript", "template", "svg"],
    skip_images=True, extract_metadata=False, expand_abbreviations=False, autolinks=False,
    include_blockquote_citations=False,
    preprocessing=PreprocessingOptions(remove_forms=False, remove_navigation=False),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Document:
    """One text that passages are cited from."""

    source: str
    """Path below the folder; of a part `file.pdf#page=3`, `file.pptx#slide=2`, `file.xlsx#sheet=A`.
    """
    text: str
    links: tuple[Link, ...] = ()
    """To other documents of the folder."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A file that could not be read, and why."""

    path: str
    why: str


def has_more_files(folder: Path, most: int) -> bool:
    """Say whether a folder holds more files that can be read than `most`."""
    return next(islice(list_files(folder, [], most=MOST_FILES), most, None), None) is not None


def list_files(folder: Path, left_out: list[LeftOut], *, most: int = MAX_FILES) -> Iterator[Path]:
    """Yield the files that can be read, in a fixed order; links are not followed.

    Not following them is what keeps a link to a parent folder from going round for ever, and a
    link to elsewhere from leading out of the folder that was named. What is passed over although
    its name looks readable goes to `left_out`.
    """

    def refused(error: OSError) -> None:
        name = Path(str(error.filename)).relative_to(folder).as_posix()
        name = name.encode("utf-8", "replace").decode()
        left_out.append(LeftOut(path=f"{name}/", why=str(error.strerror).lower()))

    count = 0
    for place, folders, files in os.walk(folder, followlinks=False, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in _TEXT | _HTML | _OTHERS:
                continue
            shown = path.relative_to(folder).as_posix()
            plain = shown.encode("utf-8", "replace").decode()
            count += 1
            if plain != shown:
                left_out.append(LeftOut(path=plain, why="a name that is no UTF-8"))
            elif path.is_symlink():
                left_out.append(LeftOut(path=shown, why="a link; links are not followed"))
            elif not path.is_file():
                left_out.append(LeftOut(path=shown, why="no regular file"))
            elif count <= most:
                yield path
    if count > most:
        why = f"{count - most:,} files more than the {most:,} that are read{_MORE}"
        left_out.append(LeftOut(path="./", why=why))


def read_file(
    path: Path, folder: Path, apart: Apart, *, html: bool = False
) -> list[Document] | LeftOut:
    """Read one file; whatever is wrong with it becomes a reason, not an error.

    Args:
        path: Of the file.
        folder: What its name is below.
        apart: Reads PDF and Office files, and large pages of HTML.
        html: Whether it reads small ones, too.
    """
    name = path.relative_to(folder).as_posix()
    try:
        if path.stat().st_size > MAX_BYTES:
            return LeftOut(path=name, why=f"larger than {MAX_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        return LeftOut(path=name, why=str(error.strerror).lower())
    kind = path.suffix.lower()
    if kind in _OTHERS or (kind in _HTML and (html or len(data) > _LARGE)):
        return _read_apart(apart, data, name, kind)
    if kind in _HTML:
        return _read_html(data, name)
    if b"\0" in data[:4096]:
        return LeftOut(path=name, why=_NO_TEXT)
    text = data.decode("utf-8-sig", errors="replace")
    links = markdown_links(text, name) if kind in _MARKDOWN else ()
    return [Document(source=name, text=text, links=links)]


def _read_html(data: bytes, name: str) -> list[Document] | LeftOut:
    if b"\0" in data[:4096]:
        return LeftOut(path=name, why=_NO_TEXT)
    text = data.decode("utf-8-sig", errors="replace")
    try:
        page = shown_html(text)
        return [Document(source=name, text=_as_text(page), links=html_links(page, name))]
    except Exception as error:  # noqa: BLE001 (the reader of damaged HTML raises anything)
        return LeftOut(path=name, why=f"no readable HTML ({type(error).__name__})")


def _read_apart(apart: Apart, data: bytes, name: str, kind: str) -> list[Document] | LeftOut:
    found = apart.read(data, kind, name)
    if isinstance(found, str):
        return LeftOut(path=name, why=found)
    return [
        Document(
            source=row["source"], text=row["text"],
            links=tuple(Link(target=target, words=words) for target, words in row["links"]),
        )
        for row in found
    ]  # fmt: skip


def main() -> None:
    """Read files for another process."""

    def read(data: bytes, kind: str, name: str) -> Rows | str:
        if kind in _HTML:
            found = _read_html(data, name)
        else:
            found = read_pdf(data, name) if kind == ".pdf" else read_office(data, name, kind)
        if isinstance(found, LeftOut):
            return found.why
        return [
            {"source": d.source, "text": d.text, "links": [[x.target, x.words] for x in d.links]}
            for d in found
        ]

    serve(read)


def read_files(
    paths: Iterable[Path], folder: Path
) -> Iterator[tuple[Path, list[Document] | LeftOut]]:
    """Yield each file with what it says, in order; the next ones are read meanwhile."""
    left, apart = enumerate(paths), Apart()
    with ThreadPoolExecutor(1) as pool:
        ahead: deque[tuple[Path, Future[list[Document] | LeftOut]]] = deque()

        def begin(count: int) -> None:
            for place, path in islice(left, count):
                read = pool.submit(read_file, path, folder, apart, html=place >= _FEW)
                ahead.append((path, read))

        try:
            begin(_AHEAD)
            while ahead:
                path, read = ahead.popleft()
                found = read.result()
                begin(1)
                yield path, found
        finally:
            for _, read in ahead:
                read.cancel()
            apart.close()


def html_text(html: str) -> str:
    """Return a page as Markdown without links: headings, lists, tables and code stay.

    Words are quoted as they stand in the page; what is hidden from its readers is left out.
    """
    return _as_text(shown_html(html))


def _as_text(page: str) -> str:
    text = convert(page, _AS_MARKDOWN).content or ""
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
    return "\n".join(kept).strip() + "\n"


def read_office(data: bytes, name: str, ending: str) -> list[Document] | LeftOut:
    """Read a Word, Excel or PowerPoint file: a document a sheet or slide."""
    try:
        return [
            Document(
                source=f"{name}#{part}" if part else name,
                text=text if part else html_text(text),
            )
            for part, text in office_texts(data, ending)
        ]  # fmt: skip
    except Unreadable as error:
        return LeftOut(path=name, why=str(error))
    except Exception as error:  # noqa: BLE001 (the reader of damaged HTML raises anything)
        return LeftOut(path=name, why=f"not readable ({type(error).__name__})")


def read_pdf(data: bytes, name: str) -> list[Document] | LeftOut:
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        why = "encrypted; save a copy without a password" if locked else "not a readable PDF"
        return LeftOut(path=name, why=why)
    try:
        pages = [shown_text(pdf[n]) for n in range(len(pdf))]
    except Exception as error:  # noqa: BLE001 (the reader of a damaged file raises anything)
        return LeftOut(path=name, why=f"damaged ({type(error).__name__})")
    finally:
        pdf.close()
    texts = [page.replace("\r\n", "\n").replace("\x02", "") for page in pages]
    if not any(text.strip() for text in texts):
        return LeftOut(path=name, why="no text in it (a scan?)")
    return [
        Document(source=f"{name}#page={number}", text=text)
        for number, text in enumerate(texts, start=1)
        if text.strip()
    ]
