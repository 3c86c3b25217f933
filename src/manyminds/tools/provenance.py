"""Whose word an argument of a call is: the person's, or that of something that was read.

What a page, a mail or a peer says is data; a call that goes where such data point may be what
somebody else wants. So what a call does, and where to, has to be in the person's own words, or to
be agreed to. Source of the idea: provenance of arguments as in CaMeL (Debenedetti et al. 2025),
here by literal match, without an interpreter of its own.

What it does not see: prose (what a message says, unless it holds addresses), dates, and choices
among a few fixed values. Who has pasted something foreign into a question has said it.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from manyminds.core.messages import JsonValue, ToolCall, ToolSpec
from manyminds.tools.places import links_in, place_key, places_in

__all__ = ["Doubt", "Provenance", "leaves"]

Words = tuple[str, ...]
Fields = frozenset[tuple[Words, frozenset[str]]]
"""Of a record: each field's name in words, and what stands in it."""
_PROSE = frozenset(
    ("body", "text", "content", "message", "subject", "title", "description", "summary", "note")
    + ("comment", "reason", "location", "markdown", "html")
)
"""Parameters, by the last word of their name, that hold words for somebody to read."""
_SELECTS = frozenset(("location", "note", "message", "title", "subject"))
"""Of them those that say what is meant, where a tool changes what is there already."""
_TO_WHAT_IS = frozenset(("delete", "remove", "move", "archive", "update", "edit", "rename"))
_NAMES = frozenset((("name",), ("full", "name"), ("display", "name")))
_TITLES = frozenset((*_NAMES, ("title",), ("filename",), ("file", "name"), ("label",)))
"""Fields of a record that a person calls it by; mails are called by nothing: others write them."""
_OF_A_MAIL = frozenset((("subject",), ("body",), ("from",), ("sender",), ("snippet",)))
_HANDLES = frozenset(("id", "number", "key", "ref", "no", "index"))
"""Last words of parameters that say which one: the number alone is not the person's word for it."""
_OF_PEOPLE = frozenset((("email",), ("iban",), ("account",), ("phone",)))
"""Fields of a record with a person's name that stand for them wherever somebody is meant."""
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
_SHORTEST_NAME = 4
"""Letters and digits below which a name is too common to stand for one record."""
_MOST_NAMES = 5_000
"""Names of records that are kept of a server."""
_MOST_CHOICES = 12
_ENDING = re.compile(r"\.[a-z0-9]{1,5}$")


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
        self._said = self._called_said = ""
        self._places: set[str] = set()
        self._numbers: set[Decimal] = set()
        self._known: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        """Of each server: last words of parameters, and values that were agreed to or made."""
        self._linked: defaultdict[str, set[str]] = defaultdict(set)
        """Of each server: addresses in fields for them, as a search has them; they may be read."""
        self._called: defaultdict[str, dict[str, set[Fields]]] = defaultdict(dict)
        """Of each server: the different records of a name; of more than two none counts."""
        self._passed: set[tuple[str, str, frozenset[str]]] = set()
        """Acts that were let pass, without their prose."""
        self.plan: frozenset[str] | None = None
        """Tools that act and that the question calls for; `None`: nobody has looked."""
        self.hear(said)

    def hear(self, said: str) -> None:
        """Take in more that the person said."""
        self._said = f"{self._said}\n{_folded(said)}"
        self._called_said = _plain_name(self._said)
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
                self._known[server].add((_last(path[-1]), _folded(str(value))))

    def passed(self, server: str, spec: ToolSpec, call: ToolCall) -> None:
        """Take in that an act was let pass: the same once more is another act."""
        if spec.effect != "none":
            self._passed.add(self._key(server, spec, call))

    def learn(
        self, server: str, result: JsonValue, *, made: bool, call: ToolCall | None = None
    ) -> None:
        """Take in a result's records as their fields have them; what a text says does not count.

        Args:
            server: Whose: one server's records name nothing of another's.
            result: A structure.
            made: Whether an act that was allowed made it: then its id is known.
            call: What was called: what it said itself is nothing that was found.
        """
        arguments: JsonValue = {} if call is None else call.arguments
        own = {_folded(str(value)) for _, value in leaves(arguments)}
        if made and isinstance(result, dict):
            for key, value in result.items():
                if _words(key) == ("id",) and isinstance(value, str | int):
                    self._known[server].add(("id", _folded(str(value))))
        for record in _records(result):
            fields = _fields(record)
            names = {name for words, _ in fields for name in words}
            for words, values in fields:
                if words and words[-1] in _ADDRESSES:
                    for value in values - own:
                        self._linked[server] |= place_key(value, said=True)
            if names & {word for mail in _OF_A_MAIL for word in mail}:
                continue
            self._name(server, fields, own)

    def _name(self, server: str, fields: Fields, own: set[str]) -> None:
        """Keep a record under the names that a person may call it by."""
        known = self._called[server]
        for words, values in fields:
            for name in values if words in _TITLES else ():
                long = sum(map(str.isalnum, name)) >= _SHORTEST_NAME
                if long and len(known) < _MOST_NAMES and not own & _handles_of(fields):
                    same = known.setdefault(_plain_name(name), set())
                    if len(same) < 2:
                        same.add(fields)

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
                whole = bool(_ADDRESSES & set(map(_last, path))) and text == str(value)
                for place in [text] if whole and text.strip() else links_in(text):
                    keys = place_key(place, said=False)
                    if not keys & (self._places | self._linked[server]):
                        yield Doubt(argument=path[0], value=place)

    def _has_said(self, place: str) -> bool:
        return bool(place_key(place, said=False) & self._places)

    def _knows(self, server: str, value: JsonValue, name: str) -> bool:
        text = _folded(str(value))
        if (_last(name), text) in self._known[server] or self._stands_for(server, text, name):
            return True
        places = places_in(str(value))
        if places:
            whole = len(places) == 1 and places[0] == str(value).strip()
            return whole and self._has_said(places[0])
        bare = re.fullmatch(r"-?\d+(?:\.\d+)?", text)
        if bare and _last(name) in _HANDLES:
            noun = " ".join(_words(name)[:-1])
            plainly = [r"id|number|no\.?"] if not noun or _stands_in(noun, self._said) else []
            which = "|".join([*([re.escape(noun)] if noun else []), *plainly])
            before = rf"(?:#|\b(?:{which})(?: (?:id|number|no\.?))?[ :]*)"
            return re.search(before + rf"{re.escape(text)}(?![\w.,]*\d)", self._said) is not None
        if bare and not re.match(r"-?0\d", text):
            return _decimal(text) in self._numbers
        return _stands_in(text, self._said)

    def _stands_for(self, server: str, value: str, name: str) -> bool:
        """Say whether a value is what the one record has there that the person named."""
        wanted = _words(name)
        for called, records in self._called[server].items():
            if len(records) != 1 or called not in self._called_said or not wanted:
                continue
            fields = next(iter(records))
            if self._means(called, fields) and value in _there(fields, wanted):
                return True
        return False

    def _means(self, called: str, fields: Fields) -> bool:
        """Say whether the person has said a name, with its own ending where they said one."""
        names = {value for words, values in fields if words in _TITLES for value in values}
        whole = any(_stands_in(name, self._said) for name in names if _plain_name(name) == called)
        return whole or (_stands_in(called, self._called_said) and " " in called)

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


def _records(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """Yield objects of a structure; what is part of a mail is somebody else's word."""
    if isinstance(value, dict):
        yield value
        if not any(_words(key) in _OF_A_MAIL for key in value):
            for one in value.values():
                yield from _records(one)
    elif isinstance(value, list):
        for one in value:
            yield from _records(one)


def _fields(record: Mapping[str, JsonValue]) -> Fields:
    """Return the short fields of a record."""
    found: list[tuple[Words, frozenset[str]]] = []
    for key, value in record.items():
        several = value if isinstance(value, list) else [value]
        plain = frozenset(_folded(str(v)) for v in several if isinstance(v, str | int) and v != "")
        words = _words(key)
        long = bool(words) and words[-1] in _PROSE and words not in _TITLES
        if words and plain:
            found.append((words, frozenset() if long else plain))
    return frozenset(found)


def _there(fields: Fields, wanted: Words) -> frozenset[str]:
    """Return what a record has for a parameter: its own field, its id, or a person's address."""
    exact = [values for words, values in fields if words == wanted]
    if not exact and wanted[-1] == "id":
        exact = [values for words, values in fields if words == ("id",)]
    if not exact and any(words in _NAMES for words, _ in fields):
        kinds = {(wanted[-1],)} & _OF_PEOPLE or _OF_PEOPLE
        meant = wanted[-1] not in _HANDLES
        exact = [values for words, values in fields if meant and words in kinds]
    return exact[0] if len(exact) == 1 else frozenset()


def _handles_of(fields: Fields) -> frozenset[str]:
    of_it = [v for w, v in fields if w[-1] == "id" or w in _OF_PEOPLE]
    return frozenset(one for values in of_it for one in values)


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
    name = _last(path[-1])
    if name not in _PROSE or any(step not in declared for step in path[1:]):
        return False
    return not (name in _SELECTS and _TO_WHAT_IS & set(_words(spec.name)))


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


def _words(name: str) -> Words:
    """Return the words of a field's name, in the singular: `userEmails` is `user_email`."""
    found = re.findall(r"[A-Z]+s?(?![a-z])|[A-Z]?[^\W\dA-Z_]+", name)
    return tuple(_singular(word.lower()) for word in found)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 2 and word[-1] == "s" and word[-2] not in "sui" else word


def _last(name: str) -> str:
    words = _words(name)
    return words[-1] if words else ""


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _folded(text: str) -> str:
    """Return a text as it is compared: other alphabets letter by letter, Latin without its case."""
    plain = unicodedata.normalize("NFC", text)
    return " ".join("".join(c.lower() if c.isascii() else c for c in plain).split())


def _plain_name(text: str) -> str:
    """Return a name as people say it: without a file's ending, dashes as blanks."""
    return _folded(re.sub(r"[-_]+", " ", _ENDING.sub("", text.strip().lower())))


def _stands_in(text: str, said: str) -> bool:
    """Say whether words stand in others letter by letter, and as whole ones."""
    if sum(map(str.isalnum, text)) < 2 or text not in said:
        return False
    before = r"(?<![\w/\\@])(?<!\w[.:+-])" if text[0].isalnum() else ""
    after = r"(?![\w/\\@])(?![.:+-]\w)" if text[-1].isalnum() else ""
    return re.search(before + re.escape(text) + after, said) is not None
