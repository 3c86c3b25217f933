"""Records of results, and which of their values a person means who calls one by its name."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from manyminds.core.messages import JsonValue

__all__ = [
    "HANDLES",
    "PROSE",
    "Fields",
    "Records",
    "Words",
    "folded",
    "last_of",
    "records_in",
    "stands_in",
    "words_of",
]

Words = tuple[str, ...]
Fields = frozenset[tuple[Words, frozenset[str]]]
"""Of a record: each field's name in words, and what stands in it."""
PROSE = frozenset(
    ("body", "text", "content", "message", "subject", "title", "description", "summary", "note")
    + ("comment", "reason", "location", "markdown", "html")
)
"""Parameters, by the last word of their name, that hold words for somebody to read."""
HANDLES = frozenset(("id", "number", "key", "ref", "no", "index"))
"""Last words of parameters that say which one: the number alone is not the person's word for it."""
_NAMES = frozenset((("name",), ("full", "name"), ("display", "name")))
_TITLES = frozenset((*_NAMES, ("title",), ("filename",), ("file", "name"), ("label",)))
"""Fields of a record that a person calls it by; mails are called by nothing: others write them."""
_OF_A_MAIL = frozenset((("subject",), ("body",), ("from",), ("sender",), ("snippet",)))
_OF_MAILS = frozenset(word for words in _OF_A_MAIL for word in words)
_OF_PEOPLE = frozenset((("email",), ("iban",), ("account",), ("phone",)))
"""Fields of a record with a person's name that stand for them wherever somebody is meant."""
_SHORTEST_NAME = 4
"""Letters and digits below which a name is too common to stand for one record."""
_SHORTEST_BEGINNING = 2
_MOST_NAMES = 5_000
"""Names of records that are kept of a server."""
_BEGINS = (
    r"(?:(?:that|which|whose name) )?(?:start|begin)(?:s|ning|ing) with (?!the |an? )"
    r"(?:\"([^\"]+)\"|'([^']+)'|\u201c([^\u201d]+)\u201d|\u2018([^\u2019]+)\u2019|"
    r"(\S+?)(?:[.,;:!?)]+(?=\s|$)|(?=\n|$)))"
)
"""How people say a name of which they know the beginning: in quotes, or as a clause's last word."""
_ENDING = re.compile(r"\.[a-z0-9]{1,5}$")


class Records:
    """The records of one server, by what a person may call them."""

    def __init__(self) -> None:
        self._called: dict[str, set[Fields]] = {}
        """Different records of a name; of more than one none counts."""
        self._listed: defaultdict[str, set[str]] = defaultdict(set)
        """All names that were listed, letter by letter, by what they are names of."""

    def keep(self, fields: Fields, own: set[str]) -> None:
        """Keep a record under the names that a person may call it by.

        Args:
            fields: Of the record.
            own: What the call said itself, of which this is the result.
        """
        if {name for words, _ in fields for name in words} & _OF_MAILS:
            return
        for words, values in fields:
            for name in values if words in _TITLES else ():
                long = sum(map(str.isalnum, name)) >= _SHORTEST_NAME
                if long and len(self._called) < _MOST_NAMES and not own & _handles_of(fields):
                    same = self._called.setdefault(_plain_name(name), set())
                    if len(same) < 2:
                        same.add(fields)

    def keep_names(self, of: str, names: list[str]) -> None:
        """Keep the names that a tool listed.

        Args:
            of: What they are names of, one word.
            names: All there are.
        """
        self._listed[of].update(names)

    def begins(self, value: str, wanted: Words, said: str) -> bool:
        """Say whether a value is the one listed name that begins as the person said.

        "The channel starting with External" means one channel; where two begin so it means none.

        Args:
            value: Folded.
            wanted: The parameter's name.
            said: What the person said, folded.
        """
        names = list(map(folded, self._listed.get(wanted[-1], ()))) if wanted else []
        if value not in names or len(names) > _MOST_NAMES:
            return False
        for found in re.finditer(rf"\b{re.escape(wanted[-1])} {_BEGINS}", said):
            begin = found[found.lastindex or 0]
            long = sum(map(str.isalnum, begin)) >= _SHORTEST_BEGINNING
            if long and [name for name in names if name.startswith(begin)] == [value]:
                return True
        return False

    def has(self, value: str, wanted: Words, said: str) -> bool:
        """Say whether a value is what the one record has there that the person named.

        Args:
            value: Folded.
            wanted: The parameter's name.
            said: What the person said, folded.
        """
        plainly = _plain_name(said)
        for called, records in self._called.items():
            if len(records) != 1 or called not in plainly or not wanted:
                continue
            fields = next(iter(records))
            if _means(called, fields, said, plainly) and value in _there(fields, wanted):
                return True
        return False


def _means(called: str, fields: Fields, said: str, plainly: str) -> bool:
    """Say whether the person has said a name, with its own ending where they said one."""
    names = {value for words, values in fields if words in _TITLES for value in values}
    said_whole = (
        stands_in(name, said) and _is_telling(name, said)
        for name in names if _plain_name(name) == called
    )  # fmt: skip
    return any(said_whole) or (stands_in(called, plainly) and " " in called)


def _is_telling(name: str, said: str) -> bool:
    """Say whether a name is more than a word, which whoever names a record may have taken."""
    return not name.isalpha() or any(f"{q}{name}{q}" in said for q in ('"', "'"))


def records_in(value: JsonValue) -> Iterator[Fields]:
    """Yield the objects of a structure; what is part of a mail is somebody else's word."""
    if isinstance(value, dict):
        yield _fields(value)
        if not any(words_of(key) in _OF_A_MAIL for key in value):
            for one in value.values():
                yield from records_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from records_in(one)


def _fields(record: Mapping[str, JsonValue]) -> Fields:
    """Return the short fields of a record."""
    found: list[tuple[Words, frozenset[str]]] = []
    for key, value in record.items():
        several = value if isinstance(value, list) else [value]
        plain = frozenset(folded(str(v)) for v in several if isinstance(v, str | int) and v != "")
        words = words_of(key)
        long = bool(words) and words[-1] in PROSE and words not in _TITLES
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
        meant = wanted[-1] not in HANDLES
        exact = [values for words, values in fields if meant and words in kinds]
    return exact[0] if len(exact) == 1 else frozenset()


def _handles_of(fields: Fields) -> frozenset[str]:
    of_it = [v for w, v in fields if w[-1] == "id" or w in _OF_PEOPLE]
    return frozenset(one for values in of_it for one in values)


def words_of(name: str) -> Words:
    """Return the words of a field's name, in the singular: `userEmails` is `user_email`."""
    found = re.findall(r"[A-Z]+s?(?![a-z])|[A-Z]?[^\W\dA-Z_]+", name)
    return tuple(_singular(word.lower()) for word in found)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 2 and word[-1] == "s" and word[-2] not in "sui" else word


def last_of(name: str) -> str:
    """Return the last word of a field's name; "" where it has none."""
    words = words_of(name)
    return words[-1] if words else ""


def folded(text: str) -> str:
    """Return a text as it is compared: other alphabets letter by letter, Latin without its case."""
    plain = unicodedata.normalize("NFC", text)
    return " ".join("".join(c.lower() if c.isascii() else c for c in plain).split())


@lru_cache(maxsize=256)
def _plain_name(text: str) -> str:
    """Return a name as people say it: without a file's ending, dashes as blanks."""
    return folded(re.sub(r"[-_]+", " ", _ENDING.sub("", text.strip().lower())))


def stands_in(text: str, said: str) -> bool:
    """Say whether words stand in others letter by letter, and as whole ones."""
    if sum(map(str.isalnum, text)) < 2 or text not in said:
        return False
    before = r"(?<![\w/\\@])(?<!\w[.:+-])" if text[0].isalnum() else ""
    after = r"(?![\w/\\@])(?![.:+-]\w)" if text[-1].isalnum() else ""
    return re.search(before + re.escape(text) + after, said) is not None
