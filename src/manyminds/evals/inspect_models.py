"""Models between inspect_ai and us, both ways.

Inspect gets our endpoints as the provider `manyminds`: `--model manyminds/embedded:NAME`. Our runs
get inspect's models as endpoints, so that its limits, its log and its viewer see every request.
"""

from contextvars import ContextVar
from typing import Literal

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolCall as InspectToolCall
from inspect_ai.tool import ToolChoice, ToolInfo, ToolParams
from inspect_ai.util import LimitExceededError

from manyminds.agents.models import Progress
from manyminds.budget.prices import Price, price_of
from manyminds.core.errors import ProviderError, RunCancelled
from manyminds.core.messages import (
    Finish,
    Message,
    ModelCall,
    Reply,
    Said,
    ToolCall,
    ToolResult,
    ToolSpec,
    Turn,
)
from manyminds.core.protocols import Abilities
from manyminds.core.values import Spend
from manyminds.runtime.endpoints import ConnectedEndpoint, connect
from manyminds.runtime.paths import cache_home

__all__ = ["InspectEndpoint", "ManymindsModel", "manyminds"]

_exact: ContextVar[ModelCall | None] = ContextVar("exact", default=None)
"""Our own request on its way through inspect to our own provider: it arrives as it was, where
inspect's types cannot say all of it (array lengths, constants in a schema)."""
_reply: ContextVar[list[Reply] | None] = ContextVar("reply", default=None)
"""Where our own provider leaves the reply as it came, for the same reason."""
_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)
"""Told of the pieces of a reply as they come."""
_FINISH: dict[StopReason, Finish] = {"max_tokens": "length", "tool_calls": "tools"}
_STOP: dict[Finish, StopReason] = {"length": "max_tokens", "tools": "tool_calls"}
OUTPUT_TOKENS = 4_096
"""Asked for at most of a model of which inspect does not say."""


class ManymindsModel(ModelAPI):
    """Our endpoints as a provider of inspect: any `provider:name` or URL that `--model` takes."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self._found: ConnectedEndpoint | None = None

    async def endpoint(self) -> ConnectedEndpoint:
        """Connect at the first request."""
        if self._found is None:
            self._found = await connect(self.model_name, cache=cache_home())
        return self._found

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer one request of inspect's."""
        endpoint = await self.endpoint()
        call = _exact.get() or _call_of(input, tools, config)
        reply = await endpoint.send(call, progress=_progress.get())
        left = _reply.get()
        if left is not None:
            left.append(reply)
        return _output_of(self.model_name, reply)

    def should_retry(self, ex: Exception) -> bool:
        """Leave it to the run, which retries within its budget and on record."""
        return False

    async def aclose(self) -> None:
        """Close the connection."""
        if self._found is not None:
            await self._found.close()
            self._found = None


@modelapi(name="manyminds")
def manyminds() -> type[ModelAPI]:
    """Register the provider; the class itself stays one that can be asked for."""
    return ManymindsModel


class InspectEndpoint:
    """A model of inspect's as an endpoint of ours."""

    def __init__(self, model: Model, abilities: Abilities, price: Price) -> None:
        self._model = model
        self._abilities = abilities
        self._price = price

    @classmethod
    async def of(cls, model: Model) -> "InspectEndpoint":
        """Make one; what is not known of the model is asked in words."""
        if isinstance(model.api, ManymindsModel):
            found = await model.api.endpoint()
            return cls(model, found.abilities, found.price)
        provider, _, name = str(model).partition("/")
        abilities = Abilities(json_schema=False, tools=False, output_tokens=OUTPUT_TOKENS)
        return cls(model, abilities, price_of(provider, name))

    @property
    def abilities(self) -> Abilities:
        """What the model can do."""
        return self._abilities

    @property
    def price(self) -> Price:
        """How it is priced."""
        return self._price

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        """Send one request through inspect.

        Raises:
            RunCancelled: If a limit of inspect's was reached.
            ProviderError: If there was no usable reply.
        """
        exact, replies = _exact.set(call), list[Reply]()
        left, told = _reply.set(replies), _progress.set(progress)
        try:
            output = await self._model.generate(
                [_said(message) for message in call.messages],
                tools=[_tool(spec) for spec in call.tools],
                config=GenerateConfig(
                    max_tokens=call.max_tokens, temperature=call.temperature, seed=call.seed
                ),
            )
        except LimitExceededError as error:
            raise RunCancelled(f"inspect's limit was reached: {error.message}") from error
        except ProviderError:
            raise
        except Exception as error:  # each provider of inspect raises errors of its own
            raise ProviderError(f"{self._model}: {type(error).__name__}: {error}") from error
        finally:
            _exact.reset(exact)
            _reply.reset(left)
            _progress.reset(told)
        return replies[0] if replies else _reply_of(str(self._model), output)


def _said(message: Message) -> ChatMessage:
    match message:
        case Said(role="system"):
            return ChatMessageSystem(content=message.text)
        case Said():
            return ChatMessageUser(content=message.text)
        case Turn():
            calls = [
                InspectToolCall(id=c.id, function=c.name, arguments=dict(c.arguments))
                for c in message.calls
            ]
            return ChatMessageAssistant(content=message.text, tool_calls=calls or None)
        case ToolResult():
            return ChatMessageTool(
                content=message.text, tool_call_id=message.call_id, function=message.name
            )


def _tool(spec: ToolSpec) -> ToolInfo:
    parameters = ToolParams.model_validate(spec.parameters)
    return ToolInfo(name=spec.name, description=spec.description, parameters=parameters)


def _message_of(message: ChatMessage) -> Message:
    if isinstance(message, ChatMessageAssistant):
        calls = tuple(
            ToolCall(id=c.id, name=c.function, arguments=c.arguments)
            for c in message.tool_calls or ()
        )
        return Turn(text=message.text, calls=calls)
    if isinstance(message, ChatMessageTool):
        return ToolResult(
            call_id=message.tool_call_id or "", name=message.function or "", text=message.text
        )
    role: Literal["system", "user"] = "system" if message.role == "system" else "user"
    return Said(role=role, text=message.text)


def _call_of(
    messages: list[ChatMessage], tools: list[ToolInfo], config: GenerateConfig
) -> ModelCall:
    return ModelCall(
        messages=tuple(_message_of(message) for message in messages),
        tools=tuple(
            ToolSpec(
                name=tool.name,
                description=tool.description,
                parameters=tool.parameters.model_dump(exclude_none=True),
            )
            for tool in tools
        ),
        max_tokens=config.max_tokens or OUTPUT_TOKENS,
        temperature=1.0 if config.temperature is None else config.temperature,
        seed=config.seed or 0,
    )


def _output_of(model: str, reply: Reply) -> ModelOutput:
    calls = [
        InspectToolCall(id=c.id, function=c.name, arguments=dict(c.arguments)) for c in reply.calls
    ]
    spend = reply.spend
    fresh = spend.tokens_in - spend.tokens_cached - spend.tokens_written
    return ModelOutput(
        model=model,
        choices=[
            ChatCompletionChoice(
                message=ChatMessageAssistant(content=reply.text, tool_calls=calls or None),
                stop_reason=_STOP.get(reply.finish, "stop"),
            )
        ],
        usage=ModelUsage(
            input_tokens=fresh,
            input_tokens_cache_read=spend.tokens_cached,
            input_tokens_cache_write=spend.tokens_written,
            output_tokens=spend.tokens_out,
            total_tokens=spend.tokens,
        ),
    )


def _reply_of(model: str, output: ModelOutput) -> Reply:
    if not output.choices:
        raise ProviderError(f"{model}: gave no reply: {output.error or 'it does not say why'}")
    message, usage = output.choices[0].message, output.usage
    cached, written = 0, 0
    if usage is not None:
        cached = usage.input_tokens_cache_read or 0
        written = usage.input_tokens_cache_write or 0
    spend = Spend(
        tokens_in=0 if usage is None else usage.input_tokens + cached + written,
        tokens_cached=cached,
        tokens_written=written,
        tokens_out=0 if usage is None else usage.output_tokens,
        tokens_reasoning=0 if usage is None else usage.reasoning_tokens or 0,
        estimated=usage is None,
    )
    calls = tuple(
        ToolCall(id=c.id, name=c.function, arguments=c.arguments) for c in message.tool_calls or ()
    )
    finish = _FINISH.get(output.choices[0].stop_reason, "stop")
    return Reply(text=message.text, calls=calls, finish=finish, spend=spend, seconds=output.time)
