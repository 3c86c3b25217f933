"""What a request that is held would do: every value that it sends, and who each is from."""

import hashlib
import re
from collections.abc import Collection
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import Action, Origin, Sent, origin_of
from manyminds.recommend.doing.page import cost_of, prices_of
from manyminds.recommend.doing.plan import Plan, Step

__all__ = ["SECRET", "act_of", "hidden", "passwords_on", "secrets_on"]

SECRET = "(a secret)"
"""What stands for a secret."""
_TELLING = 4
"""Characters from which on a secret is looked for in other words."""

_FRESH = frozenset((
    "csrf", "csrf_token", "_csrf", "_csrf_token", "csrfmiddlewaretoken", "xsrf", "_xsrf", "_token",
    "authenticity_token", "__requestverificationtoken", "form_build_id", "_wpnonce", "nonce",
))  # fmt: skip
_PASSWORDS = """() => [...document.querySelectorAll('input')].filter(f => f.type === 'password'
  || f.type !== 'hidden'
  && /(^|\\s)(cc-\\S+|current-password|new-password|one-time-code)(\\s|$)/.test(f.autocomplete)
).map(f => [f.name, f.value])"""


async def passwords_on(page: Any) -> list[tuple[str, bool]]:
    """Return the names of a page's fields for secrets, and whether each is filled in."""
    return [(name, value != "") for name, value in await page.evaluate(_PASSWORDS)]


async def secrets_on(page: Any) -> frozenset[str]:
    """Return what a page's fields for secrets hold, so that it can be left out of what is told."""
    return frozenset(value for _, value in await page.evaluate(_PASSWORDS) if value.strip())


def hidden(text: str, secrets: Collection[str]) -> str:
    """Return a text with secrets left out, as they are and as addresses write them."""
    for secret in sorted(secrets, key=len, reverse=True):
        plain = " ".join(secret.split())
        for form in (secret, plain, quote(secret, safe=""), quote_plus(secret), quote(secret)):
            # A digit or two may stand anywhere.
            text = text.replace(form, SECRET) if len(form) >= _TELLING else text
    return text


def act_of(
    request: Any, address: str, step: Step, plan: Plan, text: str,
    passwords: list[tuple[str, bool]], secrets: Collection[str],
) -> Action:  # fmt: skip
    """Return the act that a request is; what it costs is what the page's text says.

    Args:
        request: Playwright's, held.
        address: Of the page.
        step: The press.
        plan: What it is part of.
        text: What the page says.
        passwords: Names of its fields for secrets, and whether they are filled in.
        secrets: What these hold: it stands in nothing that is returned.

    Raises:
        UsageError: If what it sends cannot be shown.
    """
    secret = {name for name, filled in passwords if filled}
    origins: dict[str, Origin] = {
        one.value: one.origin for one in plan.steps if one.kind in ("fill", "choose") and one.value
    }
    values: dict[str, Sent] = {}
    for name, value in _sent(request, hidden=bool(secret)):
        key, number = name, 2
        while key in values:
            key, number = f"{name} ({number})", number + 1
        values[key] = Sent(
            value="" if name in secret else hidden(value, secrets), secret=name in secret,
            fresh=name.casefold() in _FRESH, origin=origins.get(value, "page"),
        )  # fmt: skip
    return Action(
        kind=step.act, origin=origin_of(address), element=f'button "{step.what}"', values=values,
        cost=cost_of(text), prices=prices_of(text),
        target=f"{request.method} {_address(request.url, secret, secrets)}",
    )  # fmt: skip


def _address(url: str, names: Collection[str], secrets: Collection[str]) -> str:
    """Return an address without what its fields for secrets hold, however short that is."""
    for name in names:
        url = re.sub(rf"(?<=[?&]{re.escape(quote_plus(name))}=)[^&#]*", quote_plus(SECRET), url)
    return hidden(url, secrets)


def _sent(request: Any, *, hidden: bool) -> list[tuple[str, str]]:
    """Return what a request sends, name by name."""
    body: bytes = request.post_data_buffer or b""
    kind = str(request.headers.get("content-type") or "").casefold()
    if not body:
        return parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if hidden:
        raise UsageError(
            "a password is filled in, and what is sent is no form: this is yours to do"
        )
    if kind.startswith("multipart/form-data"):
        whole = message_from_bytes(
            f"Content-Type: {request.headers['content-type']}\n\n".encode() + body
        )
        return [_part(part) for part in whole.walk() if not part.is_multipart()]
    try:
        return [("(body)", body.decode("utf-8"))]
    except UnicodeDecodeError as error:
        raise UsageError("it sends something that cannot be shown") from error


def _part(part: Any) -> tuple[str, str]:
    name = str(part.get_param("name", "", "content-disposition"))
    content: bytes = part.get_payload(decode=True) or b""
    if (file := part.get_filename()) is not None:
        return name, f"file {file}, {len(content)} bytes, {hashlib.sha256(content).hexdigest()}"
    return name, content.decode("utf-8", "replace")
