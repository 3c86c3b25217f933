"""How what is stated is spread over those who say it: by site, copies counted once.

It judges nobody: it counts, so that a report on a contested matter shows at a glance whether one
side of it did the talking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manyminds.core.values import Answer, Report, Statement
from manyminds.judging.citing.computed import is_program
from manyminds.judging.citing.origin import document_of, site_of

__all__ = ["Balance", "Share", "balance_of"]

_MOST = 2 / 3
"""Share of the statements from which one site is said to do most of the talking."""
_FEW = 3
"""Statements below which shares say nothing."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one site, with all that only copies it, is cited for."""

    site: str
    pages: int
    statements: int
    opinions: int
    """How many of the statements are opinions that are led by whose they are."""
    copied_by: tuple[str, ...] = ()
    """Other sites that say the same in the same words; they count for nothing more."""

    @property
    def told(self) -> str:
        """The share as a line."""
        said = _counted(self.statements, "statement") + (
            f", {_counted(self.opinions, 'opinion')} among them" if self.opinions else ""
        )
        same = f"; the same words on {', '.join(self.copied_by)}" if self.copied_by else ""
        return f"{self.site}: {said}, {_counted(self.pages, 'page')}{same}"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Who says what is stated."""

    shares: tuple[Share, ...]
    statements: int

    @property
    def lines(self) -> tuple[str, ...]:
        """The balance, a line a site, and where it is one-sided a line that says so."""
        first = self.shares[0] if self.shares else None
        much = first and self.statements >= _FEW and first.statements >= self.statements * _MOST
        warned = (
            f"{first.statements} of {self.statements} statements stand on {first.site}"
            if first and much
            else None
        )
        return (*((warned,) if warned else ()), *(share.told for share in self.shares))


def balance_of(answer: Answer, report: Report) -> Balance:
    """Count the statements of a report by the sites that they stand on, the most first.

    A statement that stands on several sites counts at each; one that only programs hold counts at
    none.
    """
    leader = _leaders(report.copies)
    cited: dict[str, list[Statement]] = {}
    pages: dict[str, set[str]] = {}
    statements = {s.text: s for section in report.sections for s in section.statements}.values()
    told = 0
    for statement in statements:
        sources = [answer.citations[place].source for place in statement.citations]
        documents = {document_of(source) for source in sources if not is_program(source)}
        told += bool(documents)
        for site in {site_of(leader.get(page, page)) for page in documents}:
            cited.setdefault(site, []).append(statement)
        for page in documents:
            origin = leader.get(page, page)
            pages.setdefault(site_of(origin), set()).add(origin)
    shares = [
        Share(
            site=site, pages=len(pages[site]), statements=len(said),
            opinions=sum(s.said_by is not None for s in said),
            copied_by=_copying(site, report.copies),
        )
        for site, said in cited.items()
    ]  # fmt: skip
    shares.sort(key=lambda share: -share.statements)
    return Balance(shares=tuple(shares), statements=told)


def _leaders(copies: Sequence[Sequence[str]]) -> Mapping[str, str]:
    return {name: group[0] for group in copies for name in group}


def _copying(site: str, copies: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the other sites in the groups of copies that are counted as this one."""
    found = (
        site_of(name) for group in copies if site_of(group[0]) == site for name in group[1:]
    )  # fmt: skip
    return tuple(dict.fromkeys(other for other in found if other != site))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
