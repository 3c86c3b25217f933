"""Whose word an argument of a call is: the person's, or that of something that was read.

What a page, a mail or a peer says is data; a call that goes where such data point may be what
somebody else wants. So what a call does, and where to, has to be in the person's own words, or to
be agreed to. Source of the idea: provenance of arguments as in CaMeL (Debenedetti et al. 2025),
here by literal match, without an interpreter of its own.

What it does not see: prose (what a message says, unless it holds addresses), dates, and choices
among a few fixed values. Who has pasted something foreign into a question has said it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from manyminds.core.messages import JsonValue, ToolCall, ToolSpec
from manyminds.tools.places import links_in, place_key, places_in
from manyminds.tools.records import (
    HANDLES,
    PROSE,
    Records,
    folded,
    last_of,
    records_in,
    stands_in,
    words_of,
)

__all__ = ["Doubt", "Provenance", "leaves"]

_SELECTS = frozenset(("location", "note", "message", "title", "subject"))
"""Of them those that say what is meant, where a tool changes what is there already."""
_TO_WHAT_IS = frozenset(("delete", "remove", "move", "archive", "update", "edit", "rename"))
_ADDRESSES = frozenset(
    ("url", "uri", "link", "href", "site", "website", "webpage", "domain", "host", "hostname")
    + ("endpoint", "src", "webhook", "callback", "feed", "ip")
)
"""Parameters, by the last word of their name, that say what is fetched."""
_NUMBER = re.compile(r"(?<![\w.,])-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]|[.,]\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])-?\d+,\d{1,2}(?![\w]|[.,]\d)")
_WHEN = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\d{1,2}:\d\d(?::\d\d)?"
)
_MOST_CHOICES = 12


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """What in a call is not the person's word."""

    argument: str
    """"" where it is the call itself."""
    value: str


class Provenance:
    """What one person has said and agreed to in one run.

    Args:
        said: The question.
    """

    def __init__(self, said: str) -> None:
        self._said = ""
        self._places: set[str] = set()
        self._numbers: set[Decimal] = set()
        self._known: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        """Of each server: last words of parameters, and values that were agreed to or made."""
        self._linked: defaultdict[str, set[str]] = defaultdict(set)
        """Of each server: addresses in fields for them, as a search has them; they may be read."""
        self._records: defaultdict[str, Records] = defaultdict(Records)
        self._passed: set[tuple[str, str, frozenset[str]]] = set()
        """Acts that were let pass, without their prose."""
        self.plan: frozenset[str] | None = None
        """Tools that act and that the question calls for; `None`: nobody has looked."""
        self.hear(said)

    def hear(self, said: str) -> None:
        """Take in more that the person said."""
        self._said = f"{self._said}\n{folded(said)}"
        for place in places_in(said):
            self._places |= place_key(place, said=True)
        bare = _WHEN.sub(" ", said)
        for place in places_in(bare):
            bare = bare.replace(place, " ")
        for number in _NUMBER.findall(bare):
            self._numbers.add(Decimal(number.replace(",", "")))
        for number in _DECIMAL_COMMA.findall(bare):
            self._numbers.add(Decimal(number.replace(",", ".")))

    def agree(self, server: str, call: ToolCall, doubts: Collection[Doubt]) -> None:
        """Take in that the person agreed to a call: what was doubted in it is theirs then."""
        values = {doubt.value for doubt in doubts}
        for path, value in leaves(call.arguments):
            if str(value) in values:
                self._known[server].add((last_of(path[-1]), folded(str(value))))

    def passed(self, server: str, spec: ToolSpec, call: ToolCall) -> None:
        """Take in that an act was let pass: the same once more is another act."""
        if spec.effect != "none":
            self._passed.add(self._key(server, spec, call))

    def learn(
        self, server: str, result: JsonValue, *, made: bool, call: ToolCall | None = None,
        spec: ToolSpec | None = None,
    ) -> None:  # fmt: skip
        """Take in a result's records as their fields have them; what a text says does not count.

        Args:
            server: Whose: one server's records name nothing of another's.
            result: A structure.
            made: Whether an act that was allowed made it: then its id is known.
            call: What was called: what it said itself is nothing that was found.
            spec: Of the tool.
        """
        arguments: JsonValue = {} if call is None else call.arguments
        own = {folded(str(value)) for _, value in leaves(arguments)}
        if spec is not None and not made and (noun := _lists_all(spec)):
            self._records[server].keep_names(noun, _names_in(result))
        if made and isinstance(result, dict):
            for key, value in result.items():
                if words_of(key) == ("id",) and isinstance(value, str | int):
                    self._known[server].add(("id", folded(str(value))))
        for fields in records_in(result):
            for words, values in fields:
                if words[-1] in _ADDRESSES:
                    for value in values - own:
                        self._linked[server] |= place_key(value, said=True)
            self._records[server].keep(fields, own)

    def doubts(self, server: str, spec: ToolSpec, call: ToolCall) -> tuple[Doubt, ...]:
        """Return what in a call is not the person's word.

        Of a call that only reads these are addresses alone: reading one tells its owner something.
        """
        if spec.effect == "none":
            return tuple(dict.fromkeys(self._when_reading(server, call)))
        found: list[Doubt] = []
        again = self._key(server, spec, call) in self._passed
        if again or (self.plan is not None and spec.name not in self.plan):
            found.append(Doubt(argument="", value=spec.name))
        declared = set(_declared(spec.parameters))
        for path, value in leaves(call.arguments):
            undeclared = [name for name in path[1:] if name not in declared]
            found += [Doubt(argument=path[0], value=name) for name in undeclared]
            if _is_prose(spec, path, declared) and isinstance(value, str):
                places = [p for p in places_in(value) if not self._has_said(p)]
                found += [Doubt(argument=path[0], value=place) for place in places]
            elif not _free(spec, path, value) and not self._knows(server, value, path[-1]):
                found.append(Doubt(argument=path[0], value=str(value)))
        return tuple(dict.fromkeys(found))

    def _when_reading(self, server: str, call: ToolCall) -> Iterator[Doubt]:
        for path, value in leaves(call.arguments):
            for text in (*path[1:], str(value)):
                whole = bool(_ADDRESSES & set(map(last_of, path))) and text == str(value)
                for place in [text] if whole and text.strip() else links_in(text):
                    keys = place_key(place, said=False)
                    if not keys & (self._places | self._linked[server]):
                        yield Doubt(argument=path[0], value=place)

    def _has_said(self, place: str) -> bool:
        return bool(place_key(place, said=False) & self._places)

    def _knows(self, server: str, value: JsonValue, name: str) -> bool:
        text, records = folded(str(value)), self._records[server]
        if (last_of(name), text) in self._known[server]:
            return True
        words = words_of(name)
        if records.has(text, words, self._said) or records.begins(text, words, self._said):
            return True
        places = places_in(str(value))
        if places:
            whole = len(places) == 1 and places[0] == str(value).strip()
            return whole and self._has_said(places[0])
        bare = re.fullmatch(r"-?\d+(?:\.\d+)?", text)
        if bare and last_of(name) in HANDLES:
            noun = " ".join(words_of(name)[:-1])
            plainly = [r"id|number|no\.?"] if not noun or stands_in(noun, self._said) else []
            which = "|".join([*([re.escape(noun)] if noun else []), *plainly])
            before = rf"(?:#|\b(?:{which})(?: (?:id|number|no\.?))?[ :]*)"
            return re.search(before + rf"{re.escape(text)}(?![\w.,]*\d)", self._said) is not None
        if bare and not re.match(r"-?0\d", text):
            return _decimal(text) in self._numbers
        return stands_in(text, self._said)

    def _key(self, server: str, spec: ToolSpec, call: ToolCall) -> tuple[str, str, frozenset[str]]:
        declared = set(_declared(spec.parameters))
        plain = (
            f"{'/'.join(path)}={value}" for path, value in leaves(call.arguments)
            if not _is_prose(spec, path, declared)
        )  # fmt: skip
        return server, spec.name, frozenset(plain)


def leaves(
    value: JsonValue, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], JsonValue]]:
    """Yield all single values of a call's arguments, each with the names that lead to it."""
    if isinstance(value, dict) and (value or not path):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, path)
    elif value is not None or len(path) > 1:
        yield path or ("",), value


def _lists_all(spec: ToolSpec) -> str:
    """Return what a tool lists all there are of, one word; "" where it may leave some out.

    It can be asked for nothing special, no page and no search, and is called `get_channels`.
    """
    words = words_of(spec.name)
    plain = (
        len(words) == 2 and words[0] in ("get", "list") and not spec.parameters.get("properties")
    )
    return words[1] if plain else ""


def _names_in(result: JsonValue) -> list[str]:
    """Return a bare list of names; servers of Python put it below "result"."""
    if isinstance(result, dict) and list(result) == ["result"]:
        result = result["result"]
    names = result if isinstance(result, list) else []
    plain = [name for name in names if isinstance(name, str)]
    return plain if len(plain) == len(names) else []


def _declared(form: JsonValue) -> Iterator[str]:
    """Yield all names of properties that a schema has anywhere."""
    if isinstance(form, dict):
        properties = form.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        for one in form.values():
            yield from _declared(one)
    elif isinstance(form, list):
        for one in form:
            yield from _declared(one)


def _is_prose(spec: ToolSpec, path: tuple[str, ...], declared: set[str]) -> bool:
    name = last_of(path[-1])
    if name not in PROSE or any(step not in declared for step in path[1:]):
        return False
    return not (name in _SELECTS and _TO_WHAT_IS & set(words_of(spec.name)))


def _free(spec: ToolSpec, path: tuple[str, ...], value: JsonValue) -> bool:
    """Say whether a value can lead nowhere: a date, or one of a few fixed ones."""
    if isinstance(value, bool) or value is None or value == {}:
        return True
    if isinstance(value, str) and _WHEN.fullmatch(value.strip()):
        return True
    forms = spec.parameters.get("properties")
    form = forms.get(path[0]) if isinstance(forms, Mapping) else None
    choices = list(_choices(spec, form)) if len(path) == 1 else []
    return len(choices) <= _MOST_CHOICES and value in choices and not places_in(str(value))


def _choices(spec: ToolSpec, form: JsonValue) -> Iterator[JsonValue]:
    """Yield the few values that a parameter can have, where its schema says so."""
    if not isinstance(form, Mapping):
        return
    reference = form.get("$ref")
    if isinstance(reference, str):
        at: JsonValue = dict(spec.parameters)
        for step in reference.removeprefix("#/").split("/"):
            at = at.get(step) if isinstance(at, dict) else None
        form = at if isinstance(at, dict) and "$ref" not in at else {}
    listed = form.get("enum")
    yield from listed if isinstance(listed, list) else ()
    if "const" in form:
        yield form["const"]
    for key in ("anyOf", "items"):
        inner = form.get(key)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, Mapping) and "$ref" not in one:
                yield from _choices(spec, dict(one))


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
