"""How what is stated is spread over those who say it: by site, copies counted once.

It judges nobody: it counts, so that a report on a contested matter shows at a glance whether one
side of it did the talking.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from manyminds.core.values import Answer, Report, Statement
from manyminds.core.wording import counted
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
    alone: int
    """How many of them stand on no other site."""
    opinions: int
    """How many of the statements are opinions that are led by whose they are."""
    copied_by: tuple[str, ...] = ()
    """Other sites that say the same in the same words; they count for nothing more."""

    @property
    def told(self) -> str:
        """The share as a line."""
        said = counted(self.statements, "statement") + (
            f", {counted(self.opinions, 'opinion')} among them" if self.opinions else ""
        )
        same = f"; the same words on {', '.join(self.copied_by)}" if self.copied_by else ""
        return f"{self.site}: {said}, {counted(self.pages, 'page')}{same}"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Who says what is stated."""

    shares: tuple[Share, ...]
    statements: int

    @property
    def lines(self) -> tuple[str, ...]:
        """The balance, a line a site, and where it is one-sided a line that says so."""
        alone = [s for s in self.shares if s.alone >= self.statements * _MOST]
        warned = [
            f"{s.alone} of {self.statements} statements stand on {s.site} alone"
            for s in alone if self.statements >= _FEW
        ]  # fmt: skip
        return (*warned, *(share.told for share in self.shares))


def balance_of(answer: Answer, report: Report) -> Balance:
    """Count the statements of a report by the sites that they stand on, the most first.

    A statement that stands on several sites counts at each; one that only programs hold counts at
    none.
    """
    leader = _leaders(answer, report.copies)
    cited: dict[str, list[Statement]] = {}
    pages: dict[str, set[str]] = {}
    alone: Counter[str] = Counter()
    told = 0
    for statement in _merged(report):
        sources = [answer.citations[place].source for place in statement.citations]
        origins = {leader.get(d, d) for s in sources if not is_program(s) for d in [document_of(s)]}
        sites = {site_of(origin) for origin in origins}
        told += bool(sites)
        alone.update(sites if len(sites) == 1 else ())
        for site in sites:
            cited.setdefault(site, []).append(statement)
        for origin in origins:
            pages.setdefault(site_of(origin), set()).add(origin)
    shares = [
        Share(
            site=site, pages=len(pages[site]), statements=len(said), alone=alone[site],
            opinions=sum(s.said_by is not None for s in said),
            copied_by=_copying(site, leader),
        )
        for site, said in cited.items()
    ]  # fmt: skip
    shares.sort(key=lambda share: -share.statements)
    return Balance(shares=tuple(shares), statements=told)


def _merged(report: Report) -> list[Statement]:
    """Return the statements of all sections, each once, with all that it stands on."""
    found: dict[str, Statement] = {}
    for statement in (s for section in report.sections for s in section.statements):
        before = found.get(statement.text, statement)
        places = tuple(dict.fromkeys((*before.citations, *statement.citations)))
        found[statement.text] = replace(statement, citations=places)
    return list(found.values())


def _leaders(answer: Answer, copies: Sequence[Sequence[str]]) -> Mapping[str, str]:
    """Return which page stands for each of those in the same words: the one that is cited first."""
    cited = list(dict.fromkeys(document_of(citation.source) for citation in answer.citations))
    return {
        name: min(group, key=lambda page: cited.index(page) if page in cited else len(cited))
        for group in copies
        for name in group
    }


def _copying(site: str, leader: Mapping[str, str]) -> tuple[str, ...]:
    """Return the other sites whose pages are counted as pages of this one."""
    others = (site_of(name) for name, first in leader.items() if site_of(first) == site)
    return tuple(dict.fromkeys(other for other in others if other != site))
