"""What clients of OpenAI's chat send: a conversation, and how its next words are to be found."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypeIs

from manyminds.agents.prompts import prompt
from manyminds.budget.parse import parse_limits
from manyminds.core.messages import (
    Conversation,
    JsonSchema,
    JsonValue,
    Said,
    ToolCall,
    ToolResult,
    ToolSpec,
    Turn,
)
from manyminds.core.values import Image, ImageType, Limits, Task
from manyminds.runtime.choose import member_count
from manyminds.runtime.images import IMAGE_TYPES, keep_image
from manyminds.runtime.orders import Order
from manyminds.server.bodies import checked_schema, formed_schema
from manyminds.server.clients import Client
from manyminds.server.house import House
from manyminds.server.items import messages_of, tool_of
from manyminds.server.modes import Asking, ReasoningEffort
from manyminds.server.refusals import Refused
from manyminds.tools.fence import fence

__all__ = [
    "ChatBody",
    "Extension",
    "Message",
    "asking_of",
    "conversation_of",
    "order_of",
    "question_in",
]

LONGEST = 400_000
"""Characters of what one tool of the client has found."""
_TITLES = ("### Task:",)
"""How Open WebUI begins when it wants a title, tags or follow-ups: no panel for those."""

_PICTURES = ("image_url", "input_image")
"""Parts that hold one, as chats and responses name them."""
_DATA = re.compile(r"data:(image/(?:png|jpeg|webp|gif));base64,")
MOST_PICTURES = 8
"""Of one conversation."""
_OPEN_WEBUIS_MARK = frozenset({"get_current_timestamp", "calculate_timestamp"})
_OPEN_WEBUIS = _OPEN_WEBUIS_MARK | frozenset(
    [
        "notify", "search_web", "fetch_url", "generate_image", "edit_image", "ask_user",
        "execute_code", "list_memory_paths", "read_memory_path", "search_memories", "add_memory",
        "update_memory", "replace_memory_content", "delete_memory", "list_memories", "search_notes",
        "view_note", "write_note", "replace_note_content", "search_chats", "view_chat",
        "delegate_task", "timer", "search_channels", "search_channel_messages",
        "view_channel_message", "view_channel_thread", "list_knowledge_bases",
        "search_knowledge_bases", "search_knowledge_files", "list_chat_files", "grep_chat_files",
        "query_chat_files", "grep_knowledge_files", "view_file", "view_knowledge_file",
        "list_knowledge", "query_knowledge_files", "query_knowledge_bases", "view_skill",
        "read_skill_file", "grep_skill_files", "create_skill", "update_skill_files", "search_tools",
        "create_tasks", "update_task", "create_automation", "update_automation", "list_automations",
        "toggle_automation", "delete_automation", "search_calendar_events", "create_calendar_event",
        "update_calendar_event", "delete_calendar_event",
    ]
)  # fmt: skip
"""Tools of Open WebUI 0.12 itself, as its `tools/builtin.py` names them."""


class Part(BaseModel):
    """A part of a message."""

    type: str
    text: str | None = None
    image_url: str | dict[str, Any] | None = None


class Function(BaseModel):
    """A function of the client's, or a call of one."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: str = ""
    parameters: dict[str, Any] | None = None
    arguments: str = "{}"


class Tool(BaseModel):
    """A tool of the client's, or a call of one."""

    type: Literal["function"]
    id: str = ""
    function: Function


class Message(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[Tool] | None = None
    tool_call_id: str = ""


class ResponseFormat(BaseModel):
    """What the answer has to look like."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class StreamOptions(BaseModel):
    """What a stream holds beside the answer."""

    include_usage: bool = False


class Extension(BaseModel):
    """What only this server knows of, in the field `manyminds`."""

    model_config = ConfigDict(extra="forbid")

    budget: Annotated[str, Field(max_length=100)] | None = None
    members: Annotated[int, Field(ge=1, le=100)] | None = None
    sites: Annotated[tuple[str, ...], Field(max_length=50)] = ()


class ChatBody(BaseModel):
    """A request for a chat completion; other fields of OpenAI's are passed over."""

    model: Annotated[str, Field(max_length=300)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=2_000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: ReasoningEffort | None = None
    web_search_options: dict[str, Any] | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: str | dict[str, Any] | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    manyminds: Extension | None = None

    @model_validator(mode="before")
    @classmethod
    def _input(cls, found: object) -> object:
        """Take Cursor's shape, too: items and tools of the Responses API, sent as a chat."""
        if not isinstance(found, dict) or "messages" in found or "input" not in found:
            return cast("object", found)
        body = cast("dict[str, object]", found)
        given, tools = body["input"], body.get("tools")
        if isinstance(given, str):
            given = [{"role": "user", "content": given}]
        elif _are_objects(given):
            given = list(messages_of(given))
        if _are_objects(tools):
            flat = [(tool, place) for place, tool in enumerate(tools) if "function" not in tool]
            tools = [*(t for t in tools if "function" in t), *(tool_of(*pair) for pair in flat)]
        return {**body, "messages": given, "tools": tools}

    @property
    def stops(self) -> Sequence[str]:
        """Texts that end the answer."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def longest(self) -> int | None:
        """Tokens of the answer at most."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def offered(self) -> Sequence[Tool]:
        """Tools of the client that members may want to be called.

        Open WebUI adds its own to every request, whatever is asked; where there is nothing but
        these, nobody has offered any, and the panel answers by itself.
        """
        tools = [] if self.tool_choice == "none" else self.tools or []
        names = {tool.function.name for tool in tools}
        return [] if names >= _OPEN_WEBUIS_MARK and names <= _OPEN_WEBUIS else tools

    @property
    def is_led(self) -> bool:
        """Whether the client leads the conversation: it has tools of its own, and calls them."""
        return bool(self.offered) or any(m.tool_calls or m.role == "tool" for m in self.messages)

    def check(self) -> None:
        """Refuse what is not done here.

        Raises:
            Refused: Saying which, and what to do.
        """
        wrong: dict[str, tuple[bool, str]] = {
            "n": (self.n not in (None, 1), "one answer a request; ask again for another"),
            "stop": (len(self.stops) > 4 or "" in self.stops, "at most 4 texts, none empty"),
            "tool_choice": (
                self.tool_choice not in (None, "auto", "none"),
                "auto or none: members choose",
            ),
            "response_format": (
                self.is_led and _schema(self.response_format) is not None,
                "not together with tools of the client",
            ),
            "logprobs": (bool(self.logprobs), "a panel has none; leave it out"),
            "modalities": (self.modalities not in (None, ["text"]), "answers are text"),
        }
        for param, (is_wrong, why) in wrong.items():
            if is_wrong:
                raise Refused(400, f"{param}: {why}", code="unsupported_value", param=param)


def _are_objects(found: object) -> TypeIs[list[dict[str, Any]]]:
    return isinstance(found, list) and all(
        isinstance(one, dict) for one in cast("list[object]", found)
    )


def question_in(messages: Sequence[Message]) -> str:
    """Return the question of a conversation, with what was said before.

    Raises:
        Refused: If there is none, or something in it cannot be read.
    """
    said = [(m.role, _text(m, place).strip()) for place, m in enumerate(messages)]
    asked = [place for place, (role, _) in enumerate(said) if role not in _ORDERS]
    role, question = said.pop(asked[-1]) if asked else ("", "")
    if role != "user" or not question:
        why = "the last message has to be a user's"
        raise Refused(400, why, code="no_question", param="messages")
    before = "\n\n".join(f"{role}: {text}" for role, text in said if text)
    return prompt("conversation", said=before, question=question) if before else question


_ORDERS = ("system", "developer")


def _text(message: Message, place: int) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    for part in message.content:
        if part.type in _PICTURES and message.role == "user":
            continue
        if part.type not in ("text", "input_text", "output_text") or part.text is None:
            raise Refused(
                400, f"a part of type {part.type!r} cannot be read here; send text",
                code="unsupported_value", param=f"messages.{place}.content",
            )  # fmt: skip
    return "\n".join(part.text or "" for part in message.content if part.type not in _PICTURES)


def images_in(messages: Sequence[Message], data: Path) -> tuple[Image, ...]:
    """Keep the pictures of a conversation, and return what names them.

    Raises:
        Refused: If one is not sent along, or there are too many.
        UsageError: If one is no picture.
    """
    parts = [
        (part, f"messages.{place}.content")
        for place, message in enumerate(messages)
        if isinstance(message.content, list) and message.role == "user"
        for part in message.content
        if part.type in _PICTURES
    ]
    if len(parts) > MOST_PICTURES:
        why = f"{len(parts)} pictures; {MOST_PICTURES} is the most"
        raise Refused(400, why, code="invalid_value", param="messages")
    return tuple(_image(part, where, data) for part, where in parts)


def _image(part: Part, where: str, data: Path) -> Image:
    given = part.image_url
    address = str(given.get("url", "")) if isinstance(given, dict) else given or ""
    found = _DATA.match(address)
    if found is None:
        # To fetch it from elsewhere is nothing that a client may let this server do.
        kinds = ", ".join(kind.removeprefix("image/") for kind in IMAGE_TYPES)
        raise Refused(
            400, f"a picture is sent along, as data:image/…;base64,… ({kinds})",
            code="unsupported_value", param=where,
        )  # fmt: skip
    try:
        content = base64.b64decode(address[found.end() :], validate=True)
    except ValueError:
        raise Refused(400, "that is no base64", code="invalid_value", param=where) from None
    return keep_image(data, content, cast("ImageType", found[1]))


def conversation_of(body: ChatBody) -> Conversation:
    """Return a conversation that the client leads, with its tools.

    Raises:
        Refused: If something in it cannot be read.
    """
    names: dict[str, str] = {}
    messages = tuple(_message(m, place, names) for place, m in enumerate(body.messages))
    return Conversation(
        messages=messages, max_tokens=body.longest, temperature=body.temperature,
        tools=tuple(_tool(tool, place) for place, tool in enumerate(body.offered)),
    )  # fmt: skip


def _message(message: Message, place: int, names: dict[str, str]) -> Said | Turn | ToolResult:
    """Translate a message; `names` has the tools of the calls so far, by their ids."""
    text, where = _text(message, place), f"messages.{place}"
    if message.role == "assistant":
        calls = tuple(_call(tool, where) for tool in message.tool_calls or ())
        names.update((call.id, call.name) for call in calls)
        return Turn(text=text, calls=calls)
    if message.role == "tool":
        if message.tool_call_id not in names:
            why = f"{where}.tool_call_id: no call of that id stands before it"
            raise Refused(400, why, code="invalid_value", param=where)
        name = names[message.tool_call_id]
        return ToolResult(
            call_id=message.tool_call_id, name=name, text=fence(text, source=name, limit=LONGEST)
        )
    return Said(role="user" if message.role == "user" else "system", text=text)


def _call(tool: Tool, where: str) -> ToolCall:
    try:
        arguments = json.loads(tool.function.arguments)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        why = f"{where}: the arguments of a call are a JSON object, as text"
        raise Refused(400, why, code="invalid_value", param=where)
    return ToolCall(id=tool.id, name=tool.function.name, arguments=cast("JsonSchema", arguments))


def _tool(tool: Tool, place: int) -> ToolSpec:
    parameters = tool.function.parameters or {"type": "object", "properties": {}}
    formed_schema(parameters, f"tools.{place}.function.parameters")
    return ToolSpec(
        name=tool.function.name, description=tool.function.description, parameters=parameters
    )


def _last_words(body: ChatBody) -> str:
    """Return what the person said last, to call the run by."""
    said = [_text(m, place) for place, m in enumerate(body.messages) if m.role == "user"]
    return next((text.strip() for text in reversed(said) if text.strip()), "(no words)")


def order_of(body: ChatBody, house: House, client: Client) -> Order:
    """Return what a request comes to.

    Raises:
        Refused: If it cannot be met.
        ManymindsError: As `Modes.order`.
    """
    body.check()
    led = body.is_led
    last = _last_words(body)
    for_a_title = last.startswith(_TITLES) and not led
    # What Open WebUI wants a title of stands in its own words.
    question = last if led or for_a_title else question_in(body.messages)
    more = body.manyminds or Extension()
    web = body.web_search_options is not None
    name = body.model
    if for_a_title:
        name = "brief"
    house.check_scope(client, name, web=web)
    asking = asking_of(more, effort=body.reasoning_effort, seed=_seed(body.seed), web=web)
    images = images_in(body.messages, house.engine.data)
    if images and led:
        why = "pictures do not go together with tools of the client"
        raise Refused(400, why, code="unsupported_value", param="tools")
    task = Task(prompt=question, schema_json=_schema(body.response_format), images=images)
    order = house.modes.order(name, task, asking)
    if not led:
        return order
    if order.way is not None:
        raise Refused(
            400, f"{name} takes no tools of the client", code="unsupported_value", param="tools"
        )
    members = member_count(order.options, order.options.strategy or "")
    options = replace(order.options, members=members, docs=None, web=None, mcp=None)
    return replace(order, options=options, conversation=conversation_of(body))


def asking_of(
    more: Extension, *, effort: ReasoningEffort | None, web: bool, seed: int | None = None,
    asks: bool = False,
) -> Asking:  # fmt: skip
    """Return what a client says beside the question."""
    return Asking(
        effort=effort, members=more.members, seed=seed, web=web, sites=more.sites, asks=asks,
        limits=_limits(more.budget),
    )  # fmt: skip


def _seed(seed: int | None) -> int | None:
    return None if seed is None else seed & 0x7FFF_FFFF


def _limits(budget: str | None) -> Limits:
    return Limits() if budget is None else parse_limits(budget)


def _schema(wanted: ResponseFormat | None) -> str | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return '{"type": "object"}'
    found: JsonValue = (wanted.json_schema or {}).get("schema")
    return checked_schema(found, "response_format.json_schema.schema")
