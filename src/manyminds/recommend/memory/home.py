"""The folder of what is remembered. Files are the truth; nothing else is kept of them."""

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from filelock import FileLock

from manyminds.core.errors import UsageError
from manyminds.recommend.files import write_whole
from manyminds.recommend.memory.line import Line, current, one_line, read_lines

__all__ = ["DECISIONS", "PREFERENCES", "PROFILE", "Memory", "Origin", "Proposal", "own_folder"]

PROFILE, PREFERENCES, DECISIONS = "PROFILE.md", "PREFERENCES.md", "DECISIONS.md"
Origin = Literal["person", "documents", "decision", "model", "page", "mail", "peer", "tool"]
_TITLES = {
    PROFILE: "# Who this is\n",
    PREFERENCES: "# What this person likes\n",
    DECISIONS: "# What was decided\n",
}
_WAITING = ".proposals"
_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A line that somebody would like to be remembered; nothing until the person says yes."""

    file: str
    heading: str
    text: str
    source: str
    on: str
    """YYYY-MM-DD."""
    origin: Origin

    @property
    def id(self) -> str:
        """Its name: a digest of all it says, so that what is accepted is what was shown."""
        said = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def own_folder(folder: Path) -> Path:
    """Make a folder that nobody else can look into, where it is missing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


class Memory:
    """One person's memory, in a folder of Markdown.

    What a model, a page, a mail, a peer or a tool says can only be proposed; `accept` is for the
    person, and only faces call it.
    """

    def __init__(self, folder: Path, *, today: Callable[[], date]) -> None:
        self.folder = folder
        self._today = today

    def files(self) -> list[str]:
        """Return the names of the files there are: the three, then the days, latest first."""
        days = sorted((p.name for p in (self.folder / "days").glob("*.md")), reverse=True)
        return [name for name in _TITLES if (self.folder / name).is_file()] + [
            f"days/{d}" for d in days
        ]

    def lines(self, file: str) -> tuple[list[Line], list[Line]]:
        """Return the lines of a file that hold, and those that later ones have taken the place of.

        Raises:
            UsageError: If it is not a file of the memory.
        """
        return current(read_lines(self.text(file)), events=file == DECISIONS)

    def text(self, file: str) -> str:
        """Return a file as it stands; "" where there is none.

        Raises:
            UsageError: If it is not a file of the memory, or no UTF-8.
        """
        path = self._path(file)
        return _read(path) if path.is_file() else ""

    @property
    def today(self) -> str:
        """Name of the file of this day."""
        return f"days/{self._today().isoformat()}.md"

    def write(self, file: str, text: str, *, heading: str = "", source: str) -> Line:
        """Write a line that the person said.

        Raises:
            UsageError: If it cannot stand in a line.
        """
        said = [(text, self._today())]
        [line] = _lines(said, heading, source)
        with self._locked():
            self._put(file, [line])
        return line

    def write_all(
        self, file: str, said: Sequence[tuple[str, date | None]], *, heading: str, source: str
    ) -> list[Line]:
        """Write lines that the person has elsewhere, each of its day, in the order given.

        Args:
            file: Of the memory.
            said: Texts and their days; `None`: today.
            heading: What they go under.
            source: Where they are from.

        Returns:
            Those that did not stand there before.

        Raises:
            UsageError: If one cannot stand in a line; none is written then.
        """
        lines = _lines([(text, day or self._today()) for text, day in said], heading, source)
        with self._locked():
            return self._put(file, lines)

    def remove(self, file: str, number: int) -> Line:
        """Take one line out, as a person with an editor would.

        Raises:
            UsageError: If there is no line of that number.
        """
        path = self._path(file)
        with self._locked():
            text = self.text(file)
            found = [line for line in read_lines(text) if line.number == number]
            if not found:
                raise UsageError(f"{file} has no line {number}; `manyminds memory` shows them")
            rows = text.splitlines(keepends=True)
            write_whole(path, "".join([*rows[: number - 1], *rows[number:]]))
        return found[0]

    def propose(
        self, file: str, text: str, *, heading: str = "", source: str, origin: Origin
    ) -> Proposal:
        """Keep a line until the person says whether it is to be remembered.

        Raises:
            UsageError: If it could not stand there.
        """
        self._path(file)
        proposal = Proposal(
            file=file, text=one_line(text, "the line"), source=one_line(source, "its source"),
            heading=one_line(heading, "its heading") if heading else "", origin=origin,
            on=self._today().isoformat(),
        )  # fmt: skip
        with self._locked():
            waiting = self.folder / _WAITING
            waiting.mkdir(exist_ok=True)
            said = json.dumps(asdict(proposal), ensure_ascii=False, indent=1)
            write_whole(waiting / f"{proposal.id}.json", said + "\n")
        return proposal

    def proposals(self) -> list[Proposal]:
        """Return what waits for the person; what was changed on the disk since is not there."""
        found: list[Proposal] = []
        for path in sorted((self.folder / _WAITING).glob("*.json")):
            try:
                proposal = Proposal(**json.loads(path.read_text("utf-8")))
                self._path(proposal.file)
            except (OSError, ValueError, TypeError, UsageError):
                continue
            if proposal.id == path.stem:
                found.append(proposal)
        return sorted(found, key=lambda p: (p.on, p.id))

    def diff(self, proposal: Proposal) -> str:
        """Return what accepting a proposal would change, as a unified diff."""
        before = self.text(proposal.file)
        after = _with(before or _TITLES.get(proposal.file, ""), [_line(proposal)])
        changes = difflib.unified_diff(
            before.splitlines(), after.splitlines(), proposal.file, proposal.file, lineterm="", n=1
        )
        return "\n".join(changes)

    def accept(self, name: str) -> Proposal:
        """Write a proposal down: the person has said yes to it.

        Raises:
            UsageError: If there is none of that name, as it was shown.
        """
        with self._locked():
            proposal = self._waiting(name)
            self._put(proposal.file, [_line(proposal)])
            self._drop(name)
        return proposal

    def reject(self, name: str) -> Proposal:
        """Forget a proposal.

        Raises:
            UsageError: If there is none of that name.
        """
        with self._locked():
            proposal = self._waiting(name)
            self._drop(name)
        return proposal

    def _waiting(self, name: str) -> Proposal:
        for proposal in self.proposals():
            if proposal.id == name and _ID.fullmatch(name):
                return proposal
        raise UsageError(f"no proposal {name!r}; `manyminds memory proposals` lists them")

    def _drop(self, name: str) -> None:
        (self.folder / _WAITING / f"{name}.json").unlink(missing_ok=True)

    def _put(self, file: str, lines: Sequence[Line]) -> list[Line]:
        """Write lines of one heading that do not hold there, and return them."""
        path = self._path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        before = self.text(file) if path.is_file() else _TITLES.get(file, "")
        # What was said before and holds stands there; what was taken back since is said anew.
        holding, _ = current(read_lines(before), events=file == DECISIONS)
        there = {(known.heading, known.text) for known in holding}
        new = {(line.heading, line.text): line for line in lines}
        fresh = [line for key, line in new.items() if key not in there]
        if fresh:
            write_whole(path, _with(before, fresh))
        return fresh

    def _path(self, file: str) -> Path:
        """Return where a file is; only names of the memory's own files lead anywhere."""
        day = file.removeprefix("days/").removesuffix(".md")
        if file in _TITLES or (file == f"days/{day}.md" and re.fullmatch(r"\d{4}-\d\d-\d\d", day)):
            return self.folder / file
        raise UsageError(
            f"{file!r} is no file of the memory; there are {', '.join(_TITLES)} "
            "and days/YYYY-MM-DD.md"
        )

    def _locked(self) -> FileLock:
        own_folder(self.folder)
        return FileLock(self.folder / ".lock")


def _line(proposal: Proposal) -> Line:
    return Line(
        text=proposal.text, on=date.fromisoformat(proposal.on), source=proposal.source,
        heading=proposal.heading, number=0,
    )  # fmt: skip


def _lines(said: Iterable[tuple[str, date]], heading: str, source: str) -> list[Line]:
    plain = one_line(heading, "its heading") if heading else ""
    return [
        Line(
            text=one_line(text, "the line"), on=day, source=one_line(source, "its source"),
            heading=plain, number=0,
        )
        for text, day in said
    ]  # fmt: skip


def _with(text: str, lines: Sequence[Line]) -> str:
    """Return a file's text with lines of one heading more: the last ones under it."""
    rows, heading = text.splitlines(), lines[0].heading
    # The title of the file stays above all.
    begin, end = int(bool(rows) and rows[0].startswith("# ")), len(rows)
    if heading:
        title = f"## {heading}".casefold()
        begin = next((i + 1 for i, row in enumerate(rows) if row.strip().casefold() == title), -1)
        if begin < 0:
            rows += ["", f"## {heading}", ""]
            begin = end = len(rows)
    for place in range(begin, end):
        if rows[place].startswith("#"):
            end = place
            break
    while end > begin and not rows[end - 1].strip() and end < len(rows):
        end -= 1
    if end and rows[end - 1].startswith("#"):
        rows.insert(end, "")
        end += 1
    rows[end:end] = [line.written() for line in lines]
    return "\n".join(rows) + "\n"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: no UTF-8; save it as UTF-8, nothing was changed") from error
