"""Flags that say how the web may be used; `ask`, `research` and `wide` take the same."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from manyminds.runtime.web import WebOptions

__all__ = ["DEFAULT", "WebFlags"]

_Sites = Annotated[
    tuple[str, ...], Parameter(consume_multiple=False, negative=(), show_default=False)
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class WebFlags:
    """Flags that say how the web may be used."""

    web: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """Let members search the web and read what a search or the question names."""
    site: _Sites = ()
    """A site of which everything may be read, like docs.python.org; may be repeated."""
    no_site: _Sites = ()
    """A site that nothing may be read from; may be repeated."""
    search: str | None = None
    """Search engines with commas, like brave,searxng=http://127.0.0.1:8080."""
    confirm: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """Ask you, in the terminal, before an address is read that neither you nor a search named."""
    javascript: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """Run the scripts of pages that show nothing without, in the system's Chromium."""
    web_loopback: Annotated[bool, Parameter(negative=(), show=False)] = False
    """Let pages on this machine be read; for tests."""

    def options(self, engines: str) -> WebOptions:
        """Return what a run is told of them."""
        return WebOptions(
            engines=engines, sites=self.site, no_sites=self.no_site, javascript=self.javascript,
            loopback=self.web_loopback,
        )  # fmt: skip


DEFAULT = WebFlags()
