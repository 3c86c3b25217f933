"""The canonical form of an answer, whatever its kind.

Expressions are compared by their values at fixed points, to 12 digits, not by rewriting: it
cannot hang, and two different expressions agreeing at all points is as good as impossible
(Schwartz 1980, Zippel 1979). Letters stand for positive numbers, so sqrt(x**2) equals x.
"""

import ast
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256

from manyminds.agents.asking import options_of
from manyminds.core.errors import ToolRetry
from manyminds.core.messages import JsonValue
from manyminds.core.values import Canonical, CanonicalKind
from manyminds.judging.canonical.calendar import read_date
from manyminds.judging.canonical.markup import peel, plain_math
from manyminds.judging.canonical.number import Quantity, read_quantity
from manyminds.tools.calculator.expression import Real, evaluate, parse_expression, show

__all__ = ["canonicalize", "prose", "same"]

UNDETERMINED = Canonical(kind="none", key="cannot be determined")
_EMPTY = Canonical(kind="none", key="")

_CANNOT = re.compile(
    r"(?:it |this |the answer )?(?:cannot|can't|can not|could not) be "
    r"(?:determined|decided|answered|known)"
    r"|not enough (?:information|data)|insufficient (?:information|data)|undetermined"
    r"|i (?:do not|don't) know",
    re.IGNORECASE,
)
_YES = re.compile(r"(?P<word>yes|no|true|false)\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_CHOICE = re.compile(
    r"(?:option|choice|answer)?\s*\(?(?P<letter>[A-Ja-j])[).:](?:\s.*)?"
    r"|(?:option|choice)\s+(?P<named>[A-Ja-j])",
    re.DOTALL | re.IGNORECASE,
)
_TIME = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d))?(?:\s*(?P<half>[ap]\.?m\.?))?(?:\s+(?P<zone>[A-Z]{2,4}))?",
    re.IGNORECASE,
)
_ASKS_TIME = re.compile(r"\b(?:what time|when|o'clock|clock|time (?:is|will|was))\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:but|only|unless|if|except|however|provided|depends)\b", re.IGNORECASE
)
_ORDERED = re.compile(
    r"\b(order|sort|sequence|first|last|rank|ascending|descending)", re.IGNORECASE
)
_PERCENT = re.compile(r"percent|per cent|%", re.IGNORECASE)
_CODE = re.compile(r"```[\w+#.-]*\n(?P<code>.*?)```", re.DOTALL)
_BULLET = re.compile(r"[-*•]\s|\(?\w{1,3}[.)]\s")
_JOIN = re.compile(r",\s*and\s+|\s+and\s+|,\s*|;\s*")
_POINTS = tuple(Fraction(p, 1_000_003) for p in (1_234_577, 2_718_281, 3_141_593, 1_618_033))
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_THERE = re.compile(
    r"(?:there|it) (?:is|are|was|were) (?:exactly |a total of )?(?P<rest>.+)", re.IGNORECASE
)
_VERB = re.compile(
    r"\s(?:is|are|was|were|equals|prints|costs|has|have)\s+(?:exactly\s+|equal to\s+)?",
    re.IGNORECASE,
)
_HOW_MUCH = re.compile(
    r"\bhow (?:many|much|far|long|old|tall|fast|heavy|big|large|wide|deep|high)\b", re.IGNORECASE
)
_ONE_NUMBER = re.compile(r"[-$€£]{0,2}\d[\d,]*(?:\.\d+)?")
_BOUNDS = re.compile(
    r"\b(?:than|least|most|over|under|above|below|between|around|roughly|nearly|almost|not|never)"
    r"[^\d]{0,12}$",
    re.IGNORECASE,
)
_MORE_OF_IT = re.compile(
    r"[\w/:^]|\s*(?:and|or|to|dozen|half|halves|quarters?|thirds?)\b", re.IGNORECASE
)
"""What may stand right behind digits that are not the whole number: "4th", "1 and a half"."""
_UNIT_LIST = 60
"""Characters of one element of a list; longer ones are sentences."""


def canonicalize(text: str, *, question: str = "") -> Canonical:
    """Return the form that this answer shares with all equal ones.

    Args:
        text: The answer as a member wrote it.
        question: What was asked: it tells "12" from "12 %", and a sequence from a set.
    """
    code = _read_code(text)
    if code is not None:
        return code
    peeled = peel(text)
    if not peeled:
        return _EMPTY
    if _CANNOT.fullmatch(peeled) or (_CANNOT.match(peeled) and "cannot" in peeled[:30].lower()):
        return UNDETERMINED
    for read in (_read_json, _read_choice, _read_yes_no, _read_date, _read_time, _read_number):
        found = read(peeled, question)
        if found is not None:
            return found
    for read in (_read_sentence, _read_told_number, _read_prose, _read_list):
        found = read(peeled, question)
        if found is not None:
            return found
    return _read_expression(peeled) or _read_text(peeled)


def same(a: Canonical, b: Canonical) -> bool:
    """Say whether two answers are equal; an answer that is none equals nothing but its like."""
    if a.kind == b.kind and a.key == b.key:
        return bool(a.key)
    if a.kind == "quantity" and b.kind == "number":
        return a.written == b.key
    if b.kind == "quantity" and a.kind == "number":
        return b.written == a.key
    return {a.kind, b.kind} == {"set", "list"} and _members(a) == _members(b)


def _members(canonical: Canonical) -> Sequence[str]:
    return sorted(canonical.key[1:-1].split(" | "))


def _read_code(text: str) -> Canonical | None:
    fenced = _CODE.search(text)
    code = fenced["code"] if fenced else text
    looks = fenced is not None or re.search(r"^(?:def|class|import|from)\s", code, re.MULTILINE)
    if not looks:
        return None
    try:
        # Formatting, comments and quotes fall away; names and order stay.
        shape = ast.dump(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        if fenced is None:
            return None
        shape = " ".join(code.split())
    return Canonical(kind="code", key=sha256(shape.encode()).hexdigest()[:16])


def _read_json(text: str, question: str) -> Canonical | None:
    if not (text.startswith(("{", "[")) and text.endswith(("}", "]"))):
        return None
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and all(not isinstance(v, dict | list) for v in value):
        parts = [v if isinstance(v, str) else json.dumps(v) for v in value]
        return _of_parts(parts, question, kind="list")
    key = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Canonical(kind="json", key=_short(key))


def _read_yes_no(text: str, _question: str) -> Canonical | None:
    match = _YES.fullmatch(text)
    if match is None:
        return None
    # A reason may follow ("Yes, because …"); what says more than yes or no is a sentence.
    rest = match["rest"]
    if rest and not re.match(r"[.!]?$|[,;:]\s|\s?-\s|\.\s+[A-Z]|,?\s+(?:because|since|as)\b", rest):
        return None
    if re.match(
        r"[\s,.;:-]*(?:(?:it|that) (?:is|was)\b|true|false|yes|no|\d)", rest, re.IGNORECASE
    ):
        return None
    if _CONDITION.search(rest):
        return None  # "Yes, but only with consent" is another answer than "yes"
    return Canonical(kind="yes_no", key="yes" if match["word"].lower() in ("yes", "true") else "no")


def _read_choice(text: str, question: str) -> Canonical | None:
    options = options_of(question)
    match = _CHOICE.fullmatch(text)
    letter = None if match is None else (match["letter"] or match["named"])
    # "B. Brussels" names an option where options are offered; "J. K. Rowling" never does, and
    # "a) 12 b) 14" has two parts.
    parts = re.search(r"\s\(?[B-Jb-j][).:]\s", text) is not None
    if (parts or re.match(r"[A-Ja-j][.:]\s+\S", text)) and not options:
        letter = None
    if letter is None and options:
        said = _plain(text)
        alike = [name for name, option in options.items() if said in (name.lower(), _plain(option))]
        letter = alike[0] if len(alike) == 1 else None
    return None if letter is None else Canonical(kind="choice", key=letter.upper())


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,:;'\"`*$")


def _read_time(text: str, question: str) -> Canonical | None:
    """Read a time of day: "3 PM", "3:00 p.m." and, where a time is asked for, "15:00"."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    half, hour, minute = (match["half"] or "").lower()[:1], int(match["hour"]), match["minute"]
    if (not half and (minute is None or not _ASKS_TIME.search(question))) or hour > 23:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    zone = f" {match['zone'].upper()}" if match["zone"] else ""
    return Canonical(kind="text", key=f"{hour:02}:{minute or '00'}{zone}")


def _read_date(text: str, _question: str) -> Canonical | None:
    day = read_date(text)
    return None if day is None else Canonical(kind="date", key=day.isoformat())


def _read_number(text: str, question: str) -> Canonical | None:
    found = read_quantity(plain_math(text))
    if found is None:
        return None
    return _of_quantity(found, question)


def _of_quantity(found: Quantity, question: str) -> Canonical:
    number = found.number
    if found.percent and not _PERCENT.search(question):
        # Where nobody asked for a percentage, 12 % is 0.12; where somebody did, it is "12".
        number = number / 100
    key = _key(number)
    if found.unit is None:
        return Canonical(kind="number", key=key)
    base = number * found.unit.factor + found.unit.offset
    return Canonical(
        kind="quantity",
        key=f"{_key(base)} [{found.unit.dimension}]",
        unit=found.unit.name,
        written=key,
    )


def _key(number: Fraction) -> str:
    return _short(show(number).split(" = ")[0])


def _read_sentence(text: str, question: str) -> Canonical | None:
    """Read the answer out of a sentence that says it: "There were 4 of them", "… is 3"."""
    words = text.split()
    if not 4 <= len(words) <= 40:
        return None
    match = _THERE.match(text)
    tails = [match["rest"]] if match else []
    parts = _VERB.split(text)
    if len(parts) > 1:
        tails.append(parts[-1])
    for tail in tails:
        found = canonicalize(tail, question=question) if 0 < len(tail.split()) <= 6 else _EMPTY
        if found.kind in ("number", "quantity", "date"):
            return found
    return None


def _read_told_number(text: str, question: str) -> Canonical | None:
    """Read the only number of a sentence that tells how many: "Paisley ran 4 miles in all"."""
    found = list(_ONE_NUMBER.finditer(plain := plain_math(text)))
    if len(found) != 1 or len(plain.split()) > 40 or not _HOW_MUCH.search(question):
        return None
    before, rest = plain[: found[0].start()], plain[found[0].end() :]
    if _BOUNDS.search(before) or before[-1:].isalnum() or _MORE_OF_IT.match(rest):
        return None
    # With the words behind it that make a unit, where any do.
    number, words = found[0][0], rest.rstrip(". ").split()
    ways = [f"{number} {' '.join(words[:n])}" for n in (2, 1, 0)]
    read = [quantity for way in ways if (quantity := read_quantity(way)) is not None]
    known = [quantity for quantity in read if quantity.unit is not None or quantity.percent]
    return _of_quantity((known or read)[0], question) if read else None


def _read_list(text: str, question: str) -> Canonical | None:
    inner = text
    kind: CanonicalKind = "set"
    if text[0] in "([" and text[-1] in ")]" and "," in text:
        if text[0] + text[-1] in ("(]", "[)"):
            return None  # a half-open interval
        inner, kind = text[1:-1], "list"
    elif text[0] == "{" and text[-1] == "}":
        inner = text[1:-1]
    parts = [part.strip() for part in _JOIN.split(inner)]
    if len(parts) == 1 and all(re.fullmatch(r"-?\d+(?:\.\d+)?", word) for word in inner.split()):
        parts = inner.split()
    if not 2 <= len(parts) <= 200 or not all(0 < len(part) <= _UNIT_LIST for part in parts):
        return None
    if kind == "set" and sum(len(part.split()) for part in parts) > 5 * len(parts):
        return None
    return _of_parts(parts, question, kind=kind)


def _of_parts(parts: Sequence[str], question: str, *, kind: CanonicalKind) -> Canonical:
    keys = [canonicalize(part).key for part in parts]
    ordered = kind == "list" or _ORDERED.search(question) is not None
    if not ordered:
        keys = sorted(keys)
    joined = " | ".join(keys)
    return Canonical(kind="list" if ordered else "set", key=f"[{_short(joined)}]")


def _read_expression(text: str) -> Canonical | None:
    plain = plain_math(text)
    if re.fullmatch(r"\d+(?:\s*-\s*\d+)+", plain):
        return None  # a range, a score, a telephone number: not a subtraction
    if len(plain) > 300 or not re.search(r"\d|[()]|\b[a-z]\s*[-+*/^]", plain):
        return None
    name, equals, right = plain.partition("=")
    if equals and re.fullmatch(r"\s*[A-Za-z]\w?\s*(?:\([A-Za-z]\)\s*)?", name):
        return canonicalize(right.strip()) if right.strip() else None
    source = re.sub(r"(?<=\d)\s*(?=[A-Za-z(])|(?<=\))\s*(?=[\w(])", "*", plain.replace("^", "**"))
    try:
        node = parse_expression(source)
        letters = sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - {"pi", "e"})
        letters = [name for name in letters if len(name) == 1]
        values = [evaluate(node, dict(zip(letters, _shift(i), strict=False))) for i in range(3)]
    except (ToolRetry, OverflowError):
        return None
    if not letters and isinstance(values[0], Fraction):
        return Canonical(kind="number", key=_key(values[0]))
    # An exact and a floating way to the same number must end in the same text.
    digits = "; ".join(f"{float(value):.12g}" for value in values[: 3 if letters else 1])
    key = f"{','.join(letters)}: {digits}" if letters else digits
    return Canonical(kind="expression", key=key)


def _shift(turn: int) -> list[Real]:
    return [_POINTS[(turn + n) % len(_POINTS)] + turn + n for n in range(26)]


def _read_text(text: str) -> Canonical:
    words = _ARTICLE.sub("", " ".join(text.casefold().split()))
    # Quotation marks and the like fall away; signs that carry meaning stay.
    key = re.sub(r"[^\w\s%+#&/.:@<>≤≥=^*()¬~-]", "", words).strip(" .,:;")
    return Canonical(kind="text", key=_short(key or words))


def _read_prose(text: str, _question: str) -> Canonical | None:
    return prose(text) if _is_prose(text) else None


def prose(text: str) -> Canonical:
    """Return the form of a text that was written, whatever stands in it."""
    return Canonical(kind="prose", key=_short(" ".join(text.casefold().split())))


def _is_prose(text: str) -> bool:
    """Say whether a text was written rather than found: many words, or sentences on many lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(_BULLET.match(line) for line in lines):
        return False
    sentences = [line for line in lines if line[-1] in ".!?" and len(line.split()) > 3]
    return len(text.split()) > 40 or (len(lines) > 2 and bool(sentences))


def _short(key: str) -> str:
    return key if len(key) <= 160 else f"{key[:120]}…{sha256(key.encode()).hexdigest()[:16]}"
