"""Addresses in a text, however they are written: of mail, of pages, of accounts, of phones."""

import html
import re
import unicodedata

__all__ = ["links_in", "place_key", "places_in"]

_PLACE = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an address of mail
    r"|\b[a-z][a-z0-9+.-]{0,30}:/?/[^\s<>\"')\]]+"  # of anything
    r"|(?<![:\w])//[^\s<>\"')\]]+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/[^\s<>\"')\]]*)?"
    r"|\b(?:[\w-]{1,63}\.)+[^\W\d_]{2,}(?::\d+)?(?:[/?#][^\s<>\"')\]]*)?"  # a host, in any alphabet
    r"|\b[A-Z]{2}\d{2}[A-Z0-9]{8,30}\b",  # an account
    re.IGNORECASE,
)
_SPACED = re.compile(
    r"\b[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?\b|\+\d[\d ()-]{6,20}\d"
)
"""Accounts and phones as people write them, with blanks."""
_NO_HOST = re.compile(
    r"[^/:@?#]*\.(?:docx?|xlsx?|pptx?|od[tsp]|pdf|txt|csv|tsv|jsonl?|ya?ml|html?|xml|png|jpe?g|gif|svg"
    r"|log|md|py|js|ts)",
    re.IGNORECASE,
)
"""Names of files, which are no hosts."""
_SENTENCE = re.compile(r"\.(?=[A-Z])")
"""Where a sentence begins without a blank, as in `on www.example.org.They`."""
_LONGEST_WORD = 300
_PARTS = re.compile(r"([a-z][a-z0-9+.-]*://)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def places_in(text: str) -> list[str]:
    """Return the addresses of a text; a word too long to be looked through is one."""
    plain = unicodedata.normalize("NFKC", html.unescape(text)).replace("。", ".")
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    found = [match[0] for match in _SPACED.finditer(plain)]
    for word in plain.split():
        if len(word) > _LONGEST_WORD:
            found.append(word)
        else:
            found += [p for p in _PLACE.findall(word) if not _NO_HOST.fullmatch(p)]
    return list(dict.fromkeys(found))


def links_in(text: str) -> list[str]:
    """Return the addresses of a text that are written to be followed."""
    return [
        place for place in places_in(text)
        if "/" in place or "?" in place or place.casefold().startswith("www.")
    ]  # fmt: skip


def place_key(place: str, *, said: bool) -> set[str]:
    """Return the forms that an address is compared in: schemes and hosts in small letters.

    Args:
        place: The address.
        said: Whether a person said it: marks of their sentence are no part of it, it may stand
            without a scheme, and a slash at its end does not matter. What is compared with it is
            taken as it is, for what is put behind an address can carry what nobody said.
    """
    if not said:
        return {_canonical(place)}
    forms: set[str] = set()
    for one in (place, place.rstrip(".,;:!?"), _SENTENCE.split(place)[0]):
        bare = _canonical(one)
        plain = bare.removeprefix("https://").removeprefix("http://")
        at = "@" in plain.partition("/")[0]
        for form in {bare, plain, *(() if at else (f"https://{plain}", f"http://{plain}"))}:
            ends = () if at or any(mark in plain for mark in "?#") else (form.rstrip("/") + "/",)
            forms |= {form, *ends, *((form.rstrip("/"),) if ends else ())}
    return forms


def _canonical(place: str) -> str:
    found = _PARTS.fullmatch(place)
    if found is None:
        return place
    return (found[1] or "").lower() + found[2].lower() + found[3]
