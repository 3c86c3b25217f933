"""What a request that is held would do: every value that it sends, and who each is from."""

import hashlib
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import Action, Origin, Sent, origin_of
from manyminds.recommend.doing.page import cost_of, prices_of
from manyminds.recommend.doing.plan import Plan, Step
from manyminds.recommend.doing.secrets import Secrets, without

__all__ = ["act_of"]

_FRESH = frozenset((
    "csrf", "csrf_token", "_csrf", "_csrf_token", "csrfmiddlewaretoken", "xsrf", "_xsrf", "_token",
    "authenticity_token", "__requestverificationtoken", "form_build_id", "_wpnonce", "nonce",
))  # fmt: skip


def act_of(
    request: Any, address: str, step: Step, plan: Plan, text: str, secrets: Secrets
) -> Action:
    """Return the act that a request is; what it costs is what the page's text says.

    What a field for a secret sends is left out; nothing else of the request is, for whoever agrees
    agrees to the rest of it, letter by letter.

    Args:
        request: Playwright's, held.
        address: Of the page.
        step: The press.
        plan: What it is part of.
        text: What the page says.
        secrets: What the page's fields for secrets are called and hold.

    Raises:
        UsageError: If what it sends cannot be shown.
    """
    origins: dict[str, Origin] = {
        one.value: one.origin for one in plan.steps if one.kind in ("fill", "choose") and one.value
    }
    values: dict[str, Sent] = {}
    for name, value in _sent(request, hidden=bool(secrets.names)):
        key, number = name, 2
        while key in values:
            key, number = f"{name} ({number})", number + 1
        secret = name in secrets.names
        if not secret and (secrets.copied(value) or secrets.copied(name)):
            raise UsageError(f"{name[:40]!r} would send what a password field holds: yours to do")
        values[key] = Sent(
            value="" if secret else value, secret=secret, fresh=name.casefold() in _FRESH,
            origin=origins.get(value, "page"),
        )  # fmt: skip
    target = without(str(request.url), secrets.names)
    if secrets.copied(target):
        raise UsageError("the address would hold what a password field holds: yours to do")
    return Action(
        kind=step.act, origin=origin_of(address), element=f'button "{step.what}"', values=values,
        cost=cost_of(text), prices=prices_of(text),
        target=f"{request.method} {target}{_form(request)}",
    )  # fmt: skip


def _form(request: Any) -> str:
    """Return in what form values are sent, where it is not that of plain forms."""
    kind = str(request.headers.get("content-type") or "").casefold().partition(";")[0].strip()
    plain = kind in ("", "application/x-www-form-urlencoded") or not request.post_data_buffer
    return "" if plain else f" as {kind}"


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
