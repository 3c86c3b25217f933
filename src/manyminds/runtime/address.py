"""The address of a fleet: one PostgreSQL, named without its password wherever it is shown."""

from urllib.parse import urlsplit, urlunsplit

from manyminds.core.errors import UsageError

__all__ = ["checked", "has_password", "shown"]

_SCHEMES = ("postgresql", "postgres")


def checked(url: str) -> str:
    """Return the address of a database.

    Raises:
        UsageError: If it is none of PostgreSQL.
    """
    if urlsplit(url).scheme not in _SCHEMES:
        raise UsageError(
            "a fleet has one PostgreSQL address, like postgresql://db.example/manyminds, not "
            f"{shown(url)!r}"
        )
    return url


def shown(url: str) -> str:
    """Return an address as it may be shown: without a password."""
    parts = urlsplit(url)
    name = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    query = "&".join(p for p in parts.query.split("&") if p and not p.startswith("password="))
    return urlunsplit((parts.scheme, f"{name}{parts.hostname or ''}{port}", parts.path, query, ""))


def has_password(url: str) -> bool:
    """Say whether an address holds one."""
    return bool(urlsplit(url).password) or "password=" in url
