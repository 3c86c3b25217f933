"""What a client is told when it gets no answer, in the shape that OpenAI's clients read."""

from collections.abc import Mapping

from starlette.responses import JSONResponse

from manyminds.core.errors import (
    BudgetExceeded,
    ManymindsError,
    ProviderError,
    RunBusy,
    UnknownName,
    UsageError,
)
from manyminds.core.messages import JsonValue

__all__ = ["Refused", "error_body", "refusal", "refused"]


class Refused(Exception):
    """A request that is not met.

    Args:
        status: Of HTTP.
        message: What to do about it, in a line.
        code: A word for programs.
        param: The field that is wrong; `None`: no single one.
        headers: Sent with it.
    """

    def __init__(
        self, status: int, message: str, *, code: str, param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers = dict(headers or {})


def _type_of(status: int) -> str:
    if status in (401, 403):
        return "authentication_error" if status == 401 else "permission_error"
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def error_body(refused: Refused) -> dict[str, JsonValue]:
    """Return the object that says it."""
    return {
        "error": {
            "message": refused.message, "type": _type_of(refused.status), "param": refused.param,
            "code": refused.code,
        }
    }  # fmt: skip


def refusal(refused: Refused) -> JSONResponse:
    """Return the reply that says it."""
    return JSONResponse(error_body(refused), refused.status, headers=refused.headers)


def refused(error: ManymindsError) -> Refused:
    """Return what one of our errors comes to over HTTP."""
    text = str(error)
    match error:
        case UnknownName():
            return Refused(404, text, code="not_found")
        case RunBusy():
            return Refused(409, text, code="busy")
        case UsageError():
            return Refused(400, text, code="invalid_request")
        case BudgetExceeded():
            return Refused(402, text, code="budget_exceeded")
        case ProviderError():
            return Refused(502, text, code="provider_error")
        case _:
            return Refused(500, text, code="failed")
