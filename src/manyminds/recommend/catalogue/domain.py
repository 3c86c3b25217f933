"""What a domain's items have: its fields, what of them is better, and what may be asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml

from manyminds.core.errors import UnknownName, UsageError
from manyminds.recommend.catalogue.untyped import list_of, mapping_of

__all__ = ["Domain", "Field", "Kind", "domain_named", "domain_names", "domain_of", "read_domain"]

Kind = Literal["number", "money", "yes", "text", "tags", "days", "time"]
_KINDS = ("number", "money", "yes", "text", "tags", "days", "time")
_NUMBERS = ("number", "money")
_KEYS = {
    "kind", "names", "words", "unit", "better", "weight", "stress", "strict", "ask", "synonyms",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a domain's items."""

    name: str
    kind: Kind
    names: tuple[str, ...] = ()
    """What catalogues call it, in small letters; its own name is one of them."""
    words: tuple[str, ...] = ()
    """What people say who mean it: "stars", "km"."""
    unit: str = ""
    better: Literal["more", "less"] | None = None
    """Of numbers and times: which of them is better, all else being equal."""
    weight: float = 0.0
    """What it counts beside the others, where nobody says otherwise."""
    stress: tuple[str, ...] = ()
    """What people say to whom it counts more than usual: "cheap", "nearby"."""
    strict: bool = False
    """Of tags: whether a word for one is always a condition and never a taste, as with diets."""
    ask: str | None = None
    """The question by which a person may be asked for it; `None` where it is not asked."""
    synonyms: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of tags: what people say, to what catalogues say."""

    @property
    def measured(self) -> bool:
        """Whether it is a number."""
        return self.kind in _NUMBERS


@dataclass(frozen=True, kw_only=True)
class Domain:
    """One kind of things to choose from."""

    name: str
    about: tuple[str, ...]
    """Words of a wish that is about it."""
    done: tuple[str, ...]
    """Words by which a memory says that somebody has been there: "been to", "saw"."""
    fields: Mapping[str, Field]
    where: str
    """Its name, or the path of the YAML file it was read from: what `domain_named` takes."""

    def field_called(self, column: str) -> Field | None:
        """Return the field that a catalogue's column is of."""
        # What a table of ours marks as a model's word is the same field.
        plain = column.casefold().removesuffix("(judged)")
        low = " ".join(re.split(r"[\W_]+", plain)).strip()
        return next((f for f in self.fields.values() if low in (f.name, *f.names)), None)


@cache
def domain_names() -> tuple[str, ...]:
    """Return the names of the domains that come with us."""
    folder = resources.files("manyminds.recommend.catalogue") / "domains"
    return tuple(
        sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
    )


def domain_named(name: str) -> Domain:
    """Return a domain by its name, or by the path of a YAML file of one's own.

    Raises:
        UnknownName: If there is none.
        UsageError: If the file says something else than a domain.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name).expanduser().absolute()
        try:
            return read_domain(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "no UTF-8"
            raise UsageError(f"{path}: {why.lower()}") from error
    if name not in domain_names():
        raise UnknownName("domain", name, domain_names())
    return _shipped(name)


@cache
def _shipped(name: str) -> Domain:
    file = resources.files("manyminds.recommend.catalogue") / "domains" / f"{name}.yaml"
    return read_domain(file.read_text("utf-8"), name)


def domain_of(wish: str) -> Domain | None:
    """Return the domain that a wish's words are about; `None` where that is not plain."""
    words = set(re.findall(r"\w+", wish.casefold()))
    counts = {
        name: sum(word in words for word in domain_named(name).about) for name in domain_names()
    }
    best = sorted(counts, key=lambda name: -counts[name])
    if not counts[best[0]] or counts[best[0]] == counts[best[1]]:
        return None
    return domain_named(best[0])


def read_domain(text: str, where: str) -> Domain:
    """Read a domain from YAML.

    Raises:
        UsageError: If it is none; the message says what is wrong.
    """
    try:
        told = mapping_of(yaml.safe_load(text))
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())[:150]
        raise UsageError(f"{where}: no YAML: {why}") from error
    listed = None if told is None else mapping_of(told.get("fields"))
    if told is None or listed is None:
        raise UsageError(f"{where}: a domain has `name`, `about`, `done` and `fields`")
    return Domain(
        name=str(told.get("name") or Path(where).stem), about=_words(told.get("about")),
        done=_words(told.get("done")), where=where,
        fields={name: _field(name, said, where) for name, said in listed.items()},
    )  # fmt: skip


def _field(name: str, found: Any, where: str) -> Field:
    said = mapping_of(found) or {}
    if said.get("kind") not in _KINDS:
        raise UsageError(f"{where}: field {name!r} needs a kind: {', '.join(_KINDS)}")
    if unknown := sorted(set(said) - _KEYS):
        raise UsageError(f"{where}: field {name!r} has no {unknown[0]!r}")
    if said.get("better") not in (None, "more", "less"):
        raise UsageError(f"{where}: field {name!r}: better is more or less")
    synonyms = mapping_of(said.get("synonyms")) or {}
    return Field(
        name=name, kind=said["kind"], unit=str(said.get("unit") or ""), better=said.get("better"),
        names=_words(said.get("names")), words=_words(said.get("words")), ask=said.get("ask"),
        weight=float(said.get("weight") or 0.0), stress=_words(said.get("stress")),
        strict=bool(said.get("strict")),
        synonyms={word.casefold(): str(tag).casefold() for word, tag in synonyms.items()},
    )  # fmt: skip


def _words(said: Any) -> tuple[str, ...]:
    return tuple(str(word).casefold() for word in list_of(said))
