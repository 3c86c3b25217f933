"""Which of several sources that do not agree is nearest to the origin of what they say.

What the person named comes first; then what others say they have it from; then what is older. Where
none of these tells, nothing is followed: how many say it does not count, for copies are cheap.
"""

import re
from collections.abc import Sequence

from manyminds.core.values import Evidence
from manyminds.judging.citing.spans import Span
from manyminds.tools.web.credits import POINTS

__all__ = ["document_of", "nearest", "site_of"]

_HOST = re.compile(r"^https?://(?:www\.)?([^/?#]+)")
_PART = re.compile(r"#(?:page=\d+|slide=\d+|sheet=.+|links|feed|sitemap)$")


def document_of(source: str) -> str:
    """Return the page or file that a source is a part of: a PDF's page, a page's list of links."""
    return _PART.sub("", source)


def site_of(source: str) -> str:
    """Return the host that a page stands on; a document's own name."""
    found = _HOST.match(source)
    return found[1].casefold() if found else source


def nearest(
    sides: Sequence[Sequence[Span]], evidence: Sequence[Evidence], sites: Sequence[str]
) -> tuple[int | None, str]:
    """Return the place of the side to follow, and why; `None` where nothing tells.

    Args:
        sides: For each of the things said: where it stands.
        evidence: All that was read: what says where it is from.
        sites: Sites that the person named.
    """
    named = [any(_below(s.source, sites) for s in side) for side in sides]
    if sum(named) == 1:
        return named.index(True), "it stands on a site that you named"
    pointed = [_pointed_at(place, sides, evidence) for place in range(len(sides))]
    if sum(pointed) == 1:
        return pointed.index(True), "the others say that they have it from there"
    dates = [min((s.evidence.date or "9999" for s in side), default="9999") for side in sides]
    oldest = min(dates)
    if oldest != "9999" and "9999" not in dates and dates.count(oldest) == 1:
        return dates.index(oldest), f"by the dates that they tell it is the oldest ({oldest})"
    return None, "nothing tells which of them is nearer to the origin"


_WHOLE = r"(?<![\w.-]){}(?![\w-]|\.\w)"
"""A name that is no part of another one: a.example is not data.example.org."""
_BARE = r"(?<![\w.-]){}(?![\w-]|\.\w|:\d|/[\w~#?@])"
"""A host that stands for all of its pages: where an address goes on, it names another page."""


def _below(source: str, sites: Sequence[str]) -> bool:
    host = site_of(source).partition(":")[0]
    return any(host == site or host.endswith(f".{site}") for site in sites)


def _pointed_at(place: int, sides: Sequence[Sequence[Span]], evidence: Sequence[Evidence]) -> bool:
    """Say whether a page of another side names this side's page or site as where it is from."""
    mine = {span.source for span in sides[place]}
    others = {s.source for i, side in enumerate(sides) if i != place for s in side}
    for e in evidence:
        if e.source in others:
            said = " ".join([*POINTS.findall(e.output), e.credits or ""]).casefold()
            hosts = {site_of(page) for page in mine} - {site_of(e.source or "")}
            pages = {document_of(page).partition("://")[2].casefold() for page in mine} - {""}
            if any(re.search(_BARE.format(re.escape(host)), said) for host in hosts) or any(
                re.search(_WHOLE.format(re.escape(page)), said) for page in pages
            ):
                return True
    return False
