"""What goes to a model and what comes back, as plain values.

Nothing here knows a provider's format: `agents.models` translates.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from typing_extensions import TypeAliasType

from manyminds.core.values import AgentEffort, ImageType, Spend

__all__ = [
    "Conversation",
    "Finish",
    "JsonSchema",
    "JsonValue",
    "Message",
    "ModelCall",
    "Picture",
    "Purpose",
    "Reply",
    "Said",
    "ToolCall",
    "ToolEffect",
    "ToolFailure",
    "ToolResult",
    "ToolSpec",
    "Turn",
]

JsonValue = TypeAliasType(
    "JsonValue", "None | bool | int | float | str | list[JsonValue] | dict[str, JsonValue]"
)
"""Anything JSON can hold."""

JsonSchema = dict[str, JsonValue]
"""A JSON Schema document."""

Finish = Literal["stop", "length", "tools", "cancelled"]
"""Why a model stopped. `length` is never a finished answer."""

Purpose = Literal["work", "lead", "check", "finish"]
"""What a request is for. `finish` may spend the reserve kept for ending well."""


ToolFailure = Literal["retry", "failed", "broken", "late", "cancelled", "interrupted"]
"""Why a tool gave nothing: the call was wrong, it cannot be done, the tool is broken, the time was
over, nobody needed it any more, or the process ended meanwhile."""

ToolEffect = Literal["none", "keyed", "unkeyed"]
"""What calling a tool does to the world: nothing; something that the other side does once for one
key; something that nobody can know of after a crash."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """Words of the system or of the user."""

    role: Literal["system", "user"]
    text: str


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """One call that a model asks for."""

    id: str
    name: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a model said, with the calls it asked for."""

    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What a tool gave back for one call; already fenced as data."""

    call_id: str
    name: str
    text: str


Message = Said | Turn | ToolResult


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """What a model is told of a tool."""

    name: str
    description: str
    parameters: JsonSchema
    effect: ToolEffect = field(default="none", repr=False)
    """Models are not told."""
    several: str | None = field(default=None, repr=False)
    """The parameter that takes several things at once, one a line; `None`: it takes one."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A conversation that another program leads: it has tools of its own, which it calls itself."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int | None = None
    """Of what is said next; `None`: what the model may say."""
    temperature: float | None = None
    """`None`: 0 for one member, 0.7 for several."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture as it is sent to a model."""

    content: bytes = field(repr=False)
    media_type: ImageType


_OF_A_PICTURE = 4_000
"""Bytes of text that a picture counts for, about: a thousand tokens."""


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """One request to one model: the content of a step."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    """Offered as native tools; empty where the action protocol is used instead."""
    schema: JsonSchema | None = None
    """The reply must be JSON of this schema; `None` for free text or native tools."""
    max_tokens: int
    """Cap on output tokens."""
    temperature: float
    seed: int
    purpose: Purpose = "work"
    thinking: bool | AgentEffort | None = None
    """Whether a model that can reason before it answers should, or how much; `None` leaves it to
    the model."""
    pictures: tuple[Picture, ...] = ()
    """Shown with the first words of the user."""

    @cached_property
    def size(self) -> int:
        """Bytes of everything that is sent: what token estimates rest on."""
        size = sum(len(_plain(message).encode()) for message in self.messages)
        size += _OF_A_PICTURE * len(self.pictures)
        return size + sum(len(str(tool.parameters)) + len(tool.description) for tool in self.tools)


def _plain(message: Message) -> str:
    if isinstance(message, Turn):
        return message.text + "".join(str(call.arguments) for call in message.calls)
    return message.text


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back from a model, and what it cost."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    finish: Finish
    spend: Spend
    first_token_s: float | None = None
    """Seconds to the first token; `None` where the reply was not streamed."""
    seconds: float | None = None
    """How long the request took where the reply was kept since; `None`: it comes from the wire."""
    machine_s: float | None = None
    """Seconds of this machine that the request has had, where a local model made the reply; less
    than the request took where others were under way with it."""
    joules: tuple[float, float] | None = None
    """What this machine drew for it, low and high end of the estimate; `None`: nobody looked."""
