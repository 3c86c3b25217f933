"""What fields for secrets hold: known so that it can be left out of all that is shown or kept.

What is compared, agreed to and sent is never changed by it.
"""

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote_plus

__all__ = ["SECRET", "Secrets", "without"]

SECRET = "(a secret)"
"""What stands for a secret."""
_TELLING = 4
"""Characters from which on a secret is looked for in other words: a digit or two stand anywhere."""
_FIELDS = """() => [...document.querySelectorAll('input')].filter(f => f.type === 'password'
  || f.type !== 'hidden'
  && /(^|\\s)(cc-\\S+|current-password|new-password|one-time-code)(\\s|$)/.test(f.autocomplete)
).map(f => [f.name, f.value,
  f.type === 'password' || !/(^|\\s)cc-(?!number|csc)/.test(f.autocomplete)])"""


class Secrets:
    """Names of fields for secrets, and what they hold, over the pages that were looked at."""

    def __init__(self) -> None:
        """Know of none."""
        self.names = set[str]()
        """Of those that were filled in."""
        self.values = set[str]()
        """Of passwords, codes and card numbers; not of names and dates on cards, which people
        write elsewhere, too."""

    async def see(self, page: Any) -> frozenset[str]:
        """Take in a page's fields; return what those for secrets hold now."""
        filled = [one for one in await page.evaluate(_FIELDS) if one[1].strip()]
        self.names |= {name for name, _, _ in filled}
        own = frozenset(value for _, value, telling in filled if telling)
        self.values |= own
        return own

    def hide(self, text: str) -> str:
        """Return a text without the secrets, also where it writes them as addresses do."""
        forms = "|".join(map(_written, sorted(self._telling(), key=len, reverse=True)))
        return re.sub(forms, SECRET, text) if forms else text

    def hide_in(self, address: str) -> str:
        """Return an address without the secrets, and without what fields of their names hold."""
        return self.hide(without(address, self.names))

    def copied(self, text: str) -> bool:
        """Say whether a secret stands in a text."""
        return self.hide(text) != text

    def _telling(self) -> list[str]:
        return [value for value in self.values if len(value.strip()) >= _TELLING]


def without(address: str, names: Collection[str]) -> str:
    """Return an address without what its parameters of these names hold."""
    head, there, query = address.partition("?")
    query, mark, rest = query.partition("#")
    parts = [
        f"{name}={SECRET}" if equals and unquote_plus(name) in names else part
        for part in query.split("&")
        for name, equals, _ in [part.partition("=")]
    ]
    return f"{head}{there}{'&'.join(parts)}{mark}{rest}"


def _written(secret: str) -> str:
    """Return a pattern of all ways in which pages and addresses write a text."""
    words = (_encoded(word) for word in secret.split())
    return r"(?:\s|\+|%20|%0[9aAdD])+".join(words)


def _encoded(word: str) -> str:
    """Return a pattern of a word, each character as it is or as its bytes in hexadecimal."""
    forms: list[str] = []
    for c in word:
        coded = "".join(f"%(?i:{byte:02x})" for byte in c.encode("utf-8", "surrogatepass"))
        forms.append(f"(?:{re.escape(c)}|{coded})")
    return "".join(forms)
