"""Which addresses a run may fetch: those a person or a search named, and whole sites agreed on.

An address is also a message to whoever owns the site, so one that a model made up, or that a page
suggested, is not fetched: it could carry what the model knows. On sites that the person agreed to,
everything is.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import get_args

import anyio

from manyminds.core.errors import UsageError
from manyminds.core.events import Agreed, Steered
from manyminds.tools.web.addresses import Address, AddressRefused, parse_address

__all__ = ["AGREED", "Agreed", "Confirm", "Sites", "parse_sites"]

AGREED: tuple[Agreed, ...] = get_args(Agreed)
Confirm = Callable[[str], Awaitable[Agreed]]


@dataclass(kw_only=True)
class Sites:
    """What may be fetched."""

    allowed: tuple[str, ...] = ()
    """Names of sites, subdomains included; all of a site may be fetched."""
    forbidden: tuple[str, ...] = ()
    """Names of sites that nothing is fetched from, whatever names it."""
    loopback: bool = False
    all: bool = False
    """Whether the person has said yes to whatever the run asks for; what is forbidden stays so."""
    confirm: Confirm | None = None
    """Asks the person about an address that nobody named; `None`: it is refused."""
    _refused: set[str] = field(default_factory=set[str])
    _asking: anyio.Lock = field(default_factory=anyio.Lock)
    _known: set[str] = field(default_factory=set[str])

    def plan(self, allowed: Iterable[str], forbidden: Iterable[str]) -> None:
        """Allow and forbid whole sites, as an approved plan has it, in place of those before.

        Raises:
            UsageError: If one is no name of a public site.
        """
        self.allowed = parse_sites(allowed, loopback=self.loopback)
        self.forbidden = parse_sites(forbidden, loopback=self.loopback)

    def know(self, addresses: Iterable[str]) -> None:
        """Allow addresses that a person or a search named, word for word."""
        for text in addresses:
            try:
                self._known.add(parse_address(text, loopback=self.loopback).text)
            except AddressRefused:
                continue  # it will be refused with its reason if anybody asks for it

    def knows(self, address: Address) -> bool:
        """Say whether a person or a search named it, word for word."""
        return address.text in self._known

    async def settle(self, address: Address) -> None:
        """Ask the person about an address that may not be fetched, once, and do as they say."""
        if self.confirm is None:
            return
        async with self._asking:  # one question at a time
            closed = _below(address.host, self.forbidden) or address.text in self._refused
            if closed or self.why_not(address) is None:
                return
            self.agree(address, await self.confirm(address.text))

    def heed(self, said: Steered) -> None:
        """Do again what the person had said of an address."""
        if said.what in AGREED:
            with suppress(AddressRefused):
                self.agree(parse_address(said.text, loopback=self.loopback), said.what)

    def agree(self, address: Address, said: Agreed) -> None:
        """Do as the person says of an address."""
        if said == "page":
            self._known.add(address.text)
        elif said == "site":
            self.allowed = (*self.allowed, address.host)
        elif said == "run":
            self.all = True
        elif said == "never":
            self.forbidden = (*self.forbidden, address.host)
        else:
            self._refused.add(address.text)

    def why_not(self, address: Address, *, led: bool = False) -> str | None:
        """Say why an address may not be fetched; `None` where it may.

        Args:
            address: Where to.
            led: Whether one that is known redirects there: then its site alone chose it. On an
                allowed site a model may have written the address that redirects.
        """
        if _below(address.host, self.forbidden):
            return "its site is forbidden"
        if led or self.all or self.knows(address) or _below(address.host, self.allowed):
            return None
        return "neither you nor a search named it, and its site is not allowed (--site)"


def parse_sites(names: Iterable[str], *, loopback: bool = False) -> tuple[str, ...]:
    """Read names of sites.

    Args:
        names: Hosts.
        loopback: Whether this machine is one, too; for tests.

    Raises:
        UsageError: If one is no name of a public site.
    """
    found: list[str] = []
    for name in names:
        try:
            site = parse_address(f"https://{name.strip()}", loopback=loopback)
        except AddressRefused as error:
            raise UsageError(f"--site {name}: {error}; write it as example.com") from None
        if site.text != f"https://{site.host}/":
            raise UsageError(f"--site {name}: sites are whole hosts; write it as {site.host}")
        found.append(site.host)
    return tuple(found)


def _below(host: str, sites: Iterable[str]) -> bool:
    return any(host == site or host.endswith(f".{site}") for site in sites)
