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

from manyminds.core.messages import JsonValue, ToolCall, ToolSpec

__all__ = ["Doubt", "Provenance", "leaves"]

_PROSE = frozenset(
    ("body", "text", "content", "contents", "message", "subject", "title", "description", "summary")
    + ("note", "notes", "comment", "reason", "location", "markdown", "html")
)
"""Parameters, by the last word of their name, that hold words for somebody to read."""
_NAMES = frozenset(("name", "title", "subject", "filename", "summary", "label"))
"""Fields of a record, by the last word of their name, that a person calls it by."""
_HANDLES = frozenset(("id", "email", "iban", "account", "phone", "handle"))
"""Fields of a record, by the last word of their name, that a tool calls it by."""
_ADDRESSES = frozenset(
    ("url", "uri", "link", "address", "href", "site", "website", "domain", "host", "endpoint")
)
"""Parameters, by the last word of their name, that say what is fetched."""
_PLACE = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an address of mail
    r"|\b[a-z][a-z0-9+.-]*://[^\s<>\"')\]]+"  # of anything
    r"|\b(?:[\w-]+\.)+[^\W\d_]{2,}(?:[/:?#][^\s<>\"')\]]*)?"  # a host, in any alphabet
    r"|\b[A-Z]{2}\d{2}[A-Z0-9]{8,30}\b",  # an account
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,])-?\d[\d,]*(?:\.\d+)?(?![\w]|[.,]\d)")
_WHEN = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d\d:\d\d"
)
_NO_HOST = re.compile(
    r"\.(?:docx?|xlsx?|pptx?|od[tsp]|pdf|txt|csv|tsv|jsonl?|ya?ml|html?|xml|png|jpe?g|gif|svg|log)$",
    re.IGNORECASE,
)
"""Endings of files that are no ending of a host."""
_SENTENCE = re.compile(r"\.(?=[A-Z])")
"""Where a sentence begins without a blank, as in `on www.example.org.They`."""
_SHORTEST_NAME = 4
"""Letters and digits below which a name is too common to stand for one record."""
_Fields = dict[str, frozenset[str]]
_FILE_ENDING = re.compile(r"\.[a-z0-9]{1,5}$")


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
        self._numbers: set[float] = set()
        self._known: defaultdict[str, set[str]] = defaultdict(set)
        """Of each server, what it calls what was made or agreed to."""
        self._linked: defaultdict[str, set[str]] = defaultdict(set)
        """Of each server: addresses in fields for them, as a search has them; they may be read."""
        self._called: defaultdict[str, dict[str, list[_Fields]]] = defaultdict(dict)
        """Of each server: the different records of a name."""
        self.plan: frozenset[str] | None = None
        """Tools that act and that the question calls for; `None`: nobody has looked."""
        self.hear(said)

    def hear(self, said: str) -> None:
        """Take in more that the person said."""
        self._said = f"{self._said}\n{_folded(said)}"
        for place in _PLACE.findall(said):
            self._places |= {_place(place), _place(_SENTENCE.split(place)[0])}
        self._numbers.update(float(n.replace(",", "")) for n in _NUMBER.findall(said))

    def agree(self, server: str, call: ToolCall) -> None:
        """Take in that the person agreed to a call: its values are theirs from now on."""
        self._known[server].update(_folded(str(value)) for _, value in leaves(call.arguments))

    def learn(self, server: str, result: JsonValue, *, made: bool) -> None:
        """Take in a result's records as their fields have them; what a text says does not count.

        Args:
            server: Whose: one server's records name nothing of another's.
            result: A structure.
            made: Whether an act that was allowed made them: then they are known.
        """
        for record in _records(result):
            fields = _fields(record)
            for field in _ADDRESSES & fields.keys():
                self._linked[server] |= {_place(one) for one in fields[field]}
            if made:
                for field in _HANDLES & fields.keys():
                    self._known[server] |= fields[field]
            names = {_called(name) for field in _NAMES & fields.keys() for name in fields[field]}
            for name in names:
                if sum(map(str.isalnum, name)) >= _SHORTEST_NAME:
                    same = self._called[server].setdefault(name, [])
                    if fields not in same:
                        same.append(fields)

    def doubts(self, server: str, spec: ToolSpec, call: ToolCall) -> tuple[Doubt, ...]:
        """Return what in a call is not the person's word.

        Of a call that only reads these are addresses alone: reading one tells its owner something.
        """
        acts = spec.effect != "none"
        found: list[Doubt] = []
        if acts and self.plan is not None and spec.name not in self.plan:
            found.append(Doubt(argument="", value=spec.name))
        for path, value in leaves(call.arguments):
            text = str(value)
            if not acts:
                places = [text] if _last(path[-1]) in _ADDRESSES else _links_in(text)
                unknown = [p for p in places if not self._may_read(server, p, path[-1])]
                found += [Doubt(argument=path[0], value=place) for place in unknown]
            elif _last(path[-1]) in _PROSE:
                places = [p for p in _PLACE.findall(text) if not _NO_HOST.search(p)]
                unknown = [p for p in places if not self._knows(server, p, path[-1])]
                found += [Doubt(argument=path[0], value=place) for place in unknown]
            elif not self._free(spec, path, value) and not self._knows(server, value, path[-1]):
                found.append(Doubt(argument=path[0], value=text))
        return tuple(dict.fromkeys(found))

    def _free(self, spec: ToolSpec, path: tuple[str, ...], value: JsonValue) -> bool:
        """Say whether a value can lead nowhere: a date, or one of a few fixed ones."""
        if isinstance(value, bool):
            return True
        if isinstance(value, str) and _WHEN.fullmatch(value.strip()):
            return True
        forms = spec.parameters.get("properties")
        form = forms.get(path[0]) if isinstance(forms, Mapping) else None
        return len(path) == 1 and isinstance(form, Mapping) and value in _choices(spec, form)

    def _may_read(self, server: str, place: str, name: str) -> bool:
        return _place(place) in self._linked[server] or self._knows(server, place, name)

    def _knows(self, server: str, value: JsonValue, name: str) -> bool:
        text = _folded(str(value))
        if not text or text in self._known[server] or self._stands_for(server, text, name):
            return True
        if _PLACE.fullmatch(str(value).strip()):
            return _place(str(value)) in self._places
        bare = re.fullmatch(r"-?\d+(?:\.\d+)?", text)
        if bare and _last(name) in _HANDLES:
            noun = name.casefold().removesuffix("id").strip("_") or "id"
            before = rf"(?:#|\b(?:id|number|no\.?|{re.escape(noun)})[ :]*)"
            return re.search(before + rf"{re.escape(text)}\b", self._said) is not None
        if bare:
            return float(text) in self._numbers
        return _stands_in(text, self._said)

    def _stands_for(self, server: str, value: str, name: str) -> bool:
        """Say whether a value is what the one record has there that the person called by its name.

        Records of one name that differ there stand for nothing.
        """
        said, kind = _called(self._said), _last(name)
        for called, records in self._called[server].items():
            if not _stands_in(called, said):
                continue
            for field in {kind} if any(kind in r for r in records) else _HANDLES - {"id", kind}:
                there = {fields[field] for fields in records if field in fields}
                if len(there) == 1 and value in next(iter(there)):
                    return True
        return False


def leaves(
    value: JsonValue, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], JsonValue]]:
    """Yield all single values of a call's arguments, each with the names that lead to it."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, path)
    elif value is not None:
        yield path or ("",), value


def _records(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """Yield all objects of a structure."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _records(one)
    elif isinstance(value, list):
        for one in value:
            yield from _records(one)


def _fields(record: Mapping[str, JsonValue]) -> _Fields:
    """Return the short fields of a record, each by the last word of its name."""
    found: _Fields = {}
    for key, value in record.items():
        several = value if isinstance(value, list) else [value]
        plain = [_folded(str(v)) for v in several if isinstance(v, str | int) and v != ""]
        if plain and _last(key) not in _PROSE - _NAMES:
            found[_last(key)] = frozenset(plain)
    return found


def _links_in(text: str) -> list[str]:
    """Return the addresses of a text that are written as such."""
    places: list[str] = _PLACE.findall(text)
    return [p for p in places if "://" in p or p.casefold().startswith("www.")]


def _choices(spec: ToolSpec, form: Mapping[str, JsonValue]) -> Collection[JsonValue]:
    """Return the few values that a parameter can have, where its schema says so."""
    at: JsonValue = dict(form)
    if isinstance(form.get("$ref"), str):
        at = dict(spec.parameters)
        for step in str(form["$ref"]).removeprefix("#/").split("/"):
            at = at.get(step) if isinstance(at, dict) else None
    choices = at.get("enum") if isinstance(at, dict) else None
    return choices if isinstance(choices, list) else ()


def _last(name: str) -> str:
    """Return the last word of a field's name: `user_email` and `userEmail` are e-mail."""
    words = re.findall(r"[A-Za-z][a-z]*|[A-Z]+(?![a-z])", name)
    return words[-1].lower() if words else ""


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _place(text: str) -> str:
    return text.strip().rstrip(".,;:!?/").casefold()


def _called(text: str) -> str:
    """Return a name as people say it: without a file's ending, dashes as blanks."""
    return _folded(re.sub(r"[-_]+", " ", _FILE_ENDING.sub("", text.strip().casefold())))


def _stands_in(text: str, said: str) -> bool:
    """Say whether words stand in others letter by letter, as whole words."""
    if sum(map(str.isalnum, text)) < 1 or len(text) > len(said):
        return False
    ends = (r"(?<!\w)" if text[0].isalnum() else "", r"(?!\w)" if text[-1].isalnum() else "")
    return re.search(ends[0] + re.escape(text) + ends[1], said) is not None
