"""What a person's words ask of things to choose from: conditions, tastes, and what counts more.

Nothing here is a model's guess: a condition names the words it was read from, and words that name
nothing a catalogue has are no condition.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, cast

from manyminds.recommend.catalogue.domain import Domain, Field
from manyminds.recommend.catalogue.item import Item, Value, shown
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.days import days
from manyminds.recommend.deciding.hours import hours
from manyminds.recommend.deciding.numbers import amounts
from manyminds.recommend.deciding.span import Hours, Span, midnight
from manyminds.recommend.deciding.words import Place, Words

__all__ = ["Condition", "Span", "Taste", "Test", "Wish", "holds", "read_as", "read_wish"]

Test = Literal["at_most", "at_least", "any", "all", "none", "is", "between", "not_past", "new"]
STRESSED = 3.0
"""What a field's weight is multiplied by where it is stressed."""
_NEW = re.compile(
    r"(?:haven't|have not|hasn't|never|not)\s+(?:yet\s+)?(?:been|seen|visited|gone|had)"
    r"(?: to| before| yet)*|"
    r"\b(?:somewhere|something|anything|anywhere|place) new\b|\bnew to me\b"
)
_STRONG = re.compile(r"\b(?:never|allergic|cannot|can't|must|only|no)\b")
_SOFT = re.compile(
    r"\b(prefer\w*|ideally|maybe|perhaps|rather|would be nice|"
    r"if (?:at all )?possible)\b[^.;!?]{0,40}$"
)
_SOFT_AFTER = re.compile(
    r"(?: (?:and|or) [\w-]+)?"
    r"(?: (?:food|places?|restaurants?|cuisine|kitchen|dishes|music|films?|movies?|ones?|things?))?"
    r",? (if (?:at all )?possible|where possible|would be (?:nice|great|good|lovely)|"
    r"(?:is|are) preferred|(?:preferred|if you can)(?=$|[.,;!?]))\b"
)
"""What makes a taste of the word that it follows: it is hoped for."""
_FILLER = frozenset((
    "a", "an", "the", "for", "with", "in", "on", "at", "of", "to", "from", "by", "or", "and",
    "but", "my", "me", "i", "we", "us", "our", "i'd", "i'm", "would", "like", "likes", "love",
    "loves", "want", "wants", "looking", "find", "something", "somewhere", "anything",
    "anywhere", "place", "places", "please", "some", "any", "that", "is", "are", "it", "be",
    "get", "go", "can", "could", "should", "too", "very", "this", "one", "there", "where",
    "which", "what", "need", "needs", "no", "not", "don't", "does", "doesn't", "do", "also",
    "just", "really", "eat", "eats", "food", "prefer", "prefers", "ideally", "maybe", "perhaps",
    "rather", "if", "possible", "as", "so", "let's", "try", "have", "hates", "hate", "dislikes",
    "avoid", "avoids", "never", "nothing", "without", "person", "today", "begin", "begins", "start",
    "starts",
))  # fmt: skip
"""Words that ask for nothing by themselves."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What must hold of an option."""

    field: str
    """"" for what is asked of the item itself: that it is new."""
    test: Test
    value: Value | Span | Hours | None
    said: str
    """The words it was read from."""
    source: str
    """Where they stand: the wish, an answer, a line of the memory."""

    @property
    def settles(self) -> bool:
        """Whether its field need not be asked for: what is not over, or at six, is on any day."""
        return self.test != "not_past" and not isinstance(self.value, Hours)


@dataclass(frozen=True, kw_only=True)
class Taste:
    """What speaks for an option that has a tag, or against it."""

    field: str
    tag: str
    sign: int
    """1 for it, -1 against."""
    said: str
    source: str
    times: int = 1
    """Sentences of theirs that say so; none says the opposite."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was read from words."""

    conditions: tuple[Condition, ...] = ()
    tastes: tuple[Taste, ...] = ()
    stressed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields that count more than usual, with the words that say so."""
    unread: tuple[str, ...] = ()
    """Parts of it that no condition, taste or weight was read from, and that name no domain."""

    def settled(self) -> set[str]:
        """Return the fields that something was said about."""
        return {c.field for c in self.conditions if c.settles} | {t.field for t in self.tastes}


def read_as(condition: Condition, domain: Domain) -> str:
    """Return a condition as it was read, so that a misreading is seen."""
    if condition.test == "new":
        return "new to you"
    value, unit = condition.value, domain.fields[condition.field].unit
    if isinstance(value, Span | Hours):
        return f"{condition.field} {'not ' if condition.test == 'none' else ''}{value}"
    words = {"at_most": "at most", "at_least": "at least", "none": "not", "any": "one of"}
    test = words.get(condition.test)
    return " ".join(filter(None, (condition.field, test, shown(value, unit))))


def read_wish(
    text: str, catalogue: Catalogue, *, today: date, source: str, soft: bool = False
) -> Wish:
    """Read conditions and tastes from words.

    Args:
        text: What somebody wrote.
        catalogue: What there is; only what it has can be asked of it.
        today: The day that "tonight" is of.
        source: Where the words stand.
        soft: Whether words for tags are tastes unless they say otherwise: so where the person is
            described, while a wish asks.
    """
    words = Words(text)
    fields = catalogue.domain.fields.values()
    conditions: list[Condition] = []
    # Who is described goes to bed at ten: that asks for nothing.
    at = () if soft else tuple(hours(words, catalogue, today))
    for name, test, value, said in [
        *at,
        *days(words, catalogue, today, described=soft),
        *amounts(words, catalogue),
    ]:
        conditions.append(
            Condition(field=name, test=cast("Test", test), value=value, said=said, source=source)
        )
    if found := words.take(_NEW):
        conditions.append(Condition(field="", test="new", value=None, said=found, source=source))
    tastes: list[Taste] = []
    for one in fields:
        if one.kind == "tags":
            asked, liked = _tags(words, one, catalogue, source, soft=soft)
            conditions += asked
            tastes += liked
        elif one.kind == "yes" and (said := _yes(words, one)) is not None:
            conditions.append(replace(said, source=source))
    stressed = _stressed(words, fields, {condition.field for condition in conditions})
    return Wish(
        conditions=tuple(conditions), tastes=tuple(tastes), stressed=stressed,
        unread=words.left(_FILLER | set(catalogue.domain.about)),
    )  # fmt: skip


def _yes(words: Words, one: Field) -> Condition | None:
    """Read whether a field that is yes or no must be one of them."""
    place = words.first(one.words)
    if place is None:
        return None
    sign = words.sign(place)
    words.use(place)
    if sign is None:
        return None
    said = words.text[slice(*place)]
    return Condition(field=one.name, test="is", value=sign > 0, said=said, source="")


def _stressed(words: Words, fields: Iterable[Field], held: set[str]) -> dict[str, str]:
    """Read which fields count more than usual, of those that no condition holds."""
    found: dict[str, str] = {}
    for one in fields:
        place = words.first(one.stress)
        # Who wants nothing too cheap is not read: that is no weight of the other side.
        if place is not None and one.name not in held and words.sign(place) == 1:
            found[one.name] = words.text[slice(*place)]
            words.use(place)
    return found


def holds(condition: Condition, item: Item, been: frozenset[str]) -> bool | None:
    """Say whether a condition holds of an item; `None` where that is not known.

    Args:
        condition: What must hold.
        item: One item.
        been: Lines of what the person has had before, in small letters; a title stands in one.
    """
    if condition.test == "new":
        title = re.escape(item.title.casefold())
        return not any(re.search(rf"(?<!\w){title}(?!\w)", line) for line in been)
    value, asked = item.values.get(condition.field), condition.value
    if condition.test == "not_past":
        # What names no day is not over.
        past = isinstance(value, datetime) and isinstance(asked, Span) and value < asked.begin
        return not past
    if value is None or (isinstance(asked, Hours) and midnight(value)):
        # Who avoids something is safe only where it is known not to be there.
        return None
    return _meets(condition.test, value, asked)


def _meets(test: Test, value: Value, asked: Value | Span | Hours | None) -> bool:
    """Say whether a value that is known meets what is asked."""
    if isinstance(asked, Span | Hours):
        return isinstance(value, datetime) and (value in asked) != (test == "none")
    if test == "is":
        return value == asked
    if test in ("at_most", "at_least"):
        if not (isinstance(value, float) and isinstance(asked, float)):
            return False
        return value <= asked if test == "at_most" else value >= asked
    has = set(value) if isinstance(value, tuple) else {value}
    wanted = set(asked) if isinstance(asked, tuple) else {asked}
    if test == "any":
        return bool(has & wanted)
    return wanted <= has if test == "all" else not has & wanted


def _tags(
    words: Words, one: Field, catalogue: Catalogue, source: str, *, soft: bool
) -> tuple[list[Condition], list[Taste]]:
    """Read the tags of one field: those asked for, those refused, and tastes."""
    there = catalogue.tags(one.name)
    known = {tag: tag for tag in there}
    known |= {word: tag for word, tag in one.synonyms.items() if word not in known and tag in there}
    wanted: list[tuple[Place, str]] = []
    refused: list[tuple[Place, str]] = []
    tastes: list[Taste] = []
    for place, word in words.all(known):
        tag, sign = known[word], words.sign(place, known)
        words.use(place)
        if sign is None:
            continue
        if one.strict and sign < 0:
            # No gluten asks for what is free of it; who is not vegan asks for nothing.
            free = tag if tag.endswith("-free") and word != tag else f"{word}-free"
            if free in there:
                wanted.append((place, free))
            continue
        hoped = _hoped(words, place)
        strong = one.strict or (soft and sign < 0 and bool(_STRONG.search(words.clause(place))))
        if (soft or hoped) and not strong:
            tastes.append(Taste(field=one.name, tag=tag, sign=sign, said=word, source=source))
        else:
            (wanted if sign > 0 else refused).append((place, tag))
    return _asked(words, one, wanted, refused, source), tastes


def _hoped(words: Words, place: Place) -> bool:
    """Say whether what stands there is hoped for rather than asked for."""
    found = _SOFT_AFTER.match(words.text, place[1]) or _SOFT.search(words.text[: place[0]])
    if found is not None:
        words.use(found.span(1))
    return found is not None


def _asked(
    words: Words, one: Field, wanted: list[tuple[Place, str]], refused: list[tuple[Place, str]],
    source: str,
) -> list[Condition]:  # fmt: skip
    """Put the tags of a field together: one of them is enough, but for strict ones."""
    asked: list[Condition] = []
    if wanted:
        between = words.text[wanted[0][0][1] : wanted[-1][0][0]]
        either = len(wanted) > 1 and (not one.strict or bool(re.search(r"\bor\b", between)))
        said = (" or " if either else ", ").join(words.text[slice(*place)] for place, _ in wanted)
        tags = tuple(dict.fromkeys(tag for _, tag in wanted))
        test: Test = "any" if either else "all"
        asked.append(Condition(field=one.name, test=test, value=tags, said=said, source=source))
    if refused:
        said = "no " + ", ".join(words.text[slice(*place)] for place, _ in refused)
        tags = tuple(dict.fromkeys(tag for _, tag in refused))
        asked.append(Condition(field=one.name, test="none", value=tags, said=said, source=source))
    return asked
