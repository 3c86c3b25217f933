"""Which addresses may be reached: public ones, over http or https, spelled plainly.

A page, a document or a model can name any address, so what is named is taken apart strictly and
what it resolves to is looked at before anything is connected. It does not know which sites a
person has allowed; that is `sites`.

Source: the special-purpose registries of IANA for IPv4 and IPv6; the list of ports is the Fetch
standard's (https://fetch.spec.whatwg.org/#port-blocking).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

import idna

from manyminds.core.errors import ToolFailed

__all__ = ["Address", "AddressRefused", "parse_address", "why_not"]

MAX_LENGTH = 4_000
_PLAIN = "/%:@!$&'()*+,;=~-._"
_SCHEMES = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_LOCAL_NAMES = (
    "localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain",
    "home.arpa", "in-addr.arpa", "ip6.arpa", "test", "invalid", "onion", "alt",
)  # fmt: skip
"""Names that are resolved on the machine or in its own network, or not at all."""
_NO_PORTS = frozenset(
    (1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080)
) | frozenset(range(6665, 6670))  # fmt: skip
"""Ports above 1023 that speak something else than HTTP. Below it only 80 and 443 are reached."""

_NOT_PUBLIC_4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's own services, on a public address
    )
)  # fmt: skip
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments, Teredo and benchmarking among them
        "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


class AddressRefused(ToolFailed):
    """The address is none that may be reached; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """One address, taken apart and put together again; `text` is what is requested."""

    scheme: str
    host: str
    """In small letters, international names in their ASCII form; IPv6 without brackets."""
    port: int
    target: str
    """Path and query, as they are sent."""

    @property
    def origin(self) -> str:
        """Scheme, host and port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _SCHEMES[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def text(self) -> str:
        """The whole address, without a fragment."""
        return self.origin + self.target


def parse_address(text: str, *, loopback: bool = False) -> Address:
    """Take an address apart.

    Args:
        text: As it was named; a fragment is left out.
        loopback: Whether this machine itself may be named; for tests.

    Raises:
        AddressRefused: If it is none, is spelled oddly, or names something that is not public.
    """
    if len(text) > MAX_LENGTH:
        raise AddressRefused(f"an address of {len(text):,} characters is too long")
    if _UNSAFE.search(text):
        raise AddressRefused("the address holds spaces, control characters or backslashes")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"this is no address: {error}") from None
    if parts.scheme not in _SCHEMES:
        raise AddressRefused(
            f"only http and https are fetched, not {parts.scheme[:20] or 'this'!r}"
        )
    if "@" in parts.netloc or not parts.hostname:
        raise AddressRefused("the address has no plain host: user names are not sent")
    host = _host_of(parts.netloc, parts.hostname, loopback=loopback)
    port = _SCHEMES[parts.scheme] if port is None else port
    if port not in (80, 443) and (port < 1024 or port in _NO_PORTS):
        raise AddressRefused(f"port {port} is not one that pages are served on")
    path = _without_dots(quote(parts.path, safe=_PLAIN)) or "/"
    query = "?" + quote(parts.query, safe=_PLAIN + "?") if parts.query else ""
    return Address(scheme=parts.scheme, host=host, port=port, target=path + query)


def _without_dots(path: str) -> str:
    """Resolve "." and ".." as a browser does, however they are spelled.

    What is looked at has to be what is sent: robots.txt judges the text of a path.
    """
    kept: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            kept = kept[:-1]
        if plain in (".", ".."):
            if place == len(segments) - 1:
                kept.append("")
        else:
            kept.append(segment)
    return "".join(f"/{segment}" for segment in kept)


def _host_of(netloc: str, name: str, *, loopback: bool) -> str:
    """Return the host in its plain form; it is an IP address only where it looks like one."""
    if netloc.startswith("["):
        return _literal(name, loopback=loopback)
    try:
        host = idna.encode(name, uts46=True).decode() if not name.isascii() else name
    except idna.IDNAError:
        raise AddressRefused(f"{name[:80]!r} is no name of a host") from None
    host = host.removesuffix(".")
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):  # as browsers do: such a host is meant as an IPv4 address
        return _literal(host, loopback=loopback)
    if not all(_LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        raise AddressRefused(f"{name[:80]!r} is no name of a host")
    if loopback and host == "localhost":
        return host
    if len(labels) == 1 or any(host.endswith(f".{n}") or host == n for n in _LOCAL_NAMES):
        raise AddressRefused(f"{name[:80]!r} is a name of a local network")
    return host


def _literal(text: str, *, loopback: bool) -> str:
    try:
        found = ip_address(text)
    except ValueError:
        raise AddressRefused(f"{text[:80]!r} is no IP address in its plain form") from None
    if reason := why_not(str(found), loopback=loopback):
        raise AddressRefused(f"{text[:80]} {reason}")
    return str(found)


def why_not(ip: str, *, loopback: bool = False) -> str | None:
    """Say why an IP address may not be connected to; `None` where it may.

    Args:
        ip: In any form that `ipaddress` reads.
        loopback: Whether this machine itself may be reached; for tests.
    """
    found = ip_address(ip)
    if loopback and (found in IPv4Network("127.0.0.0/8") or ip == "::1"):
        return None
    if isinstance(found, IPv6Address):
        if found in _NAT64:
            found = IPv4Address(found.packed[12:])
        elif not _is_public_6(found):
            return "is not a public address"
    if isinstance(found, IPv4Address) and any(found in net for net in _NOT_PUBLIC_4):
        return "is not a public address"
    return None


def _is_public_6(ip: IPv6Address) -> bool:
    """Say whether it is global unicast; forms that carry an IPv4 address are not."""
    if ip.scope_id is not None or ip not in _PUBLIC_6 or ip.packed[8:12] in _ISATAP:
        return False
    return not any(ip in net for net in _NOT_PUBLIC_6)
