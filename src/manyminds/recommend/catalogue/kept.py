"""What there is to choose from where nobody names it: the kind by the wish, files by the kind."""

from collections.abc import Sequence
from pathlib import Path

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import Domain, domain_named, domain_names, domain_of
from manyminds.recommend.catalogue.read import ENDINGS

__all__ = ["catalogues_for", "domain_for"]


def domain_for(name: str | None, wish: str) -> Domain:
    """Return the domain of that name, or that of the wish's words.

    Raises:
        UsageError: If neither tells.
    """
    found = domain_named(name) if name else domain_of(wish)
    if found is None:
        raise UsageError(
            f"what is it about? add --domain: {', '.join(domain_names())}, or a YAML file"
        )
    return found


def catalogues_for(named: Sequence[Path], domain: Domain, home: Path) -> list[Path]:
    """Return the files of what there is: those named, or those kept for a domain.

    Args:
        named: By the person.
        domain: What they are of.
        home: The person's folder; theirs are kept in `catalogues` and begin with the domain's name.

    Raises:
        UsageError: If there is none.
    """
    if named:
        return list(named)
    folder = home / "catalogues"
    there = sorted(p for p in folder.glob(f"{domain.name}*") if p.suffix.casefold() in ENDINGS)
    if not there:
        raise UsageError(
            f"what is there to choose from? add --from FILE, or keep {domain.name}.csv in {folder}"
        )
    return there
