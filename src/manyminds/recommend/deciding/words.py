"""The words of a wish: where something stands, whether it is wanted, and what is left over."""

import re
from collections.abc import Collection, Iterable, Mapping

__all__ = ["Place", "Words"]

Place = tuple[int, int]
"""From the first character to the one after the last."""
_BLANKED = re.compile(
    r"\b(?:no|not) (?:more|less) than\b|\bcan't wait(?: for)?\b|\bnever (?:tried|had)\b|"
    r"\bnot only\b"
)
"""What holds a "no" that refuses nothing."""
_NO = re.compile(
    r"\b(?:no longer|nothing too|anything but|allergic to|no|not|without|never|avoid(?:s|ing)?|"
    r"except(?: for)?|nothing|neither|nor|isn't|aren't|don't|doesn't|didn't|can't|cannot|won't|"
    r"hates?|dislikes?)\b"
)
_OVER = re.compile(r"\b(?:but|however|though|love|loves|prefer|prefers|and with|instead)\b")
"""Where what was refused before is refused no more."""
_WHATEVER = re.compile(
    r"\b(?:don't|do not|doesn't|does not|needn't) (?:mind|need|care about|have to be|need to be)\b|"
    r"\bnot necessarily\b"
)
_NEEDLESS = re.compile(
    r"^\W*(?:\w+ )?(?:is |are )?(?:not (?:required|needed|necessary)|optional)\b"
)
_FAR = 6
"""Words that may stand between a "no" and what it refuses."""


class Words:
    """A text in small letters, of which what was read is used up."""

    def __init__(self, text: str) -> None:
        low = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        self.text = " ".join(low.split())
        self._plain = _BLANKED.sub(lambda found: " " * len(found[0]), self.text)
        self._used = bytearray(len(self.text))

    def use(self, place: Place) -> None:
        """Say that something was read there."""
        self._used[slice(*place)] = b"\1" * len(self.text[slice(*place)])

    def free(self, place: Place) -> bool:
        """Say whether nothing was read there."""
        return not any(self._used[slice(*place)])

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Use the first match of a pattern up, and return it."""
        found = pattern.search(self.text)
        if found is None:
            return None
        self.use(found.span())
        return found[0]

    def first(self, words: Iterable[str]) -> Place | None:
        """Return where the first of some words stands, in the words' order."""
        return next((place for word in words for place in self._places(word)), None)

    def all(self, words: Collection[str]) -> list[tuple[Place, str]]:
        """Return where words stand, in the text's order; a longer one is not a shorter one, too."""
        found: list[tuple[Place, str]] = []
        for word in sorted(words, key=lambda word: (-len(word), word)):
            for place in self._places(word):
                if all(place[1] <= begin or end <= place[0] for (begin, end), _ in found):
                    found.append((place, word))
        return sorted(found)

    def sign(self, place: Place, known: Mapping[str, str] | None = None) -> int | None:
        """Return 1 for what is wanted, -1 for what is refused, `None` for what does not matter.

        Args:
            place: Where it stands.
            known: Words of its kind: in a list of them a "no" is of all that follow.
        """
        clause = self.clause(place)
        if _NEEDLESS.match(self._plain[place[1] :]):
            return None
        refusals = list(_NO.finditer(clause))
        last = refusals[-1] if refusals else None
        for found in _WHATEVER.finditer(clause):
            if last is None or found.end() >= last.end():
                return None
        if last is None:
            return 1
        between = clause[last.end() :]
        if _OVER.search(between) or len(re.findall(r"[\w'-]+", between)) > _FAR:
            return 1
        head, comma, _ = between.rpartition(",")
        listed = all(any(word in part for word in known or ()) for part in head.split(","))
        return 1 if comma and not listed else -1

    def clause(self, place: Place) -> str:
        """Return what stands before a place, from the begin of its sentence."""
        return re.split(r"[.;!?](?:\s|$)", self._plain[: place[0]])[-1]

    def left(self, filler: Collection[str]) -> tuple[str, ...]:
        """Return the parts between commas that say something which nothing was read from."""
        rest = [" " if used else c for c, used in zip(self.text, self._used, strict=True)]
        parts: list[str] = []
        begin = 0
        for stop in [*re.finditer(r"[,;!?]|\.(?:\s|$)|\band\b|\bbut\b", self.text), None]:
            end = len(self.text) if stop is None else stop.start()
            words = re.findall(r"[^\W_][\w'-]*", "".join(rest[begin:end]))
            if any(word not in filler for word in words):
                parts.append(self.text[begin:end].strip())
            begin = end if stop is None else stop.end()
        return tuple(parts)

    def _places(self, word: str) -> list[Place]:
        pattern = rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])"
        return [
            found.span() for found in re.finditer(pattern, self.text) if self.free(found.span())
        ]
