"""What clients of the Responses API send, as the same request for a chat completion."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from manyminds.core.messages import JsonValue
from manyminds.server.conversations import ChatBody, Extension
from manyminds.server.items import messages_of, tool_of
from manyminds.server.modes import ReasoningEffort
from manyminds.server.refusals import Refused

__all__ = ["Reasoning", "ResponseBody", "TextFormat", "as_chat"]


Items = Annotated[list[dict[str, Any]], Field(min_length=1, max_length=2_000)]


class Reasoning(BaseModel):
    """How much is to be spent."""

    effort: ReasoningEffort | None = None
    summary: str | None = None


class TextFormat(BaseModel):
    """What the answer has to look like."""

    format: dict[str, Any] = {"type": "text"}


class ResponseBody(BaseModel):
    """A request for a response; other fields of OpenAI's are passed over."""

    model: Annotated[str, Field(max_length=300)]
    input: Annotated[str, Field(min_length=1)] | Items
    instructions: str | None = None
    previous_response_id: Annotated[str, Field(max_length=100)] | None = None
    stream: bool = False
    background: bool = False
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    reasoning: Reasoning | None = None
    text: TextFormat | None = None
    tools: Annotated[list[dict[str, Any]], Field(max_length=128)] = []
    tool_choice: str | dict[str, Any] = "auto"
    metadata: Annotated[dict[str, str], Field(max_length=16)] | None = None
    manyminds: Extension | None = None


def as_chat(body: ResponseBody, before: list[dict[str, JsonValue]]) -> ChatBody:
    """Return the same request as one for a chat completion.

    Raises:
        Refused: If something in it cannot be read.
    """
    told = [{"role": "system", "content": body.instructions}] if body.instructions else []
    items = [{"role": "user", "content": body.input}] if isinstance(body.input, str) else body.input
    form = body.text.format if body.text else {"type": "text"}
    wanted = {"type": form.get("type")}
    if form.get("type") == "json_schema":
        wanted["json_schema"] = {"name": form.get("name"), "schema": form.get("schema")}
    web = any(str(tool.get("type", "")).startswith("web_search") for tool in body.tools)
    tools = [tool_of(tool, place) for place, tool in enumerate(body.tools) if not _is_web(tool)]
    try:
        return ChatBody.model_validate(
            {
                "model": body.model, "messages": [*told, *before, *messages_of(items)],
                "max_completion_tokens": body.max_output_tokens, "temperature": body.temperature,
                "reasoning_effort": body.reasoning.effort if body.reasoning else None,
                "response_format": wanted, "tools": tools, "tool_choice": body.tool_choice,
                "web_search_options": {} if web else None, "manyminds": body.manyminds,
            }
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused(
            400, f"{place}: {first['msg']}", code="invalid_value", param="input"
        ) from None


def _is_web(tool: dict[str, Any]) -> bool:
    return str(tool.get("type", "")).startswith("web_search")
