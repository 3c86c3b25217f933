"""From a model's name to something that can be asked: clients, keys, prices, abilities."""

import asyncio
import importlib
import json
import os
import ssl
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import openai
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider

from manyminds.agents.models import Progress, send
from manyminds.agents.names import ModelName, parse_model
from manyminds.budget.prices import Price, price_of
from manyminds.core.errors import ProviderError, UnknownName, UsageError
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.protocols import Abilities
from manyminds.runtime.breaker import breaker_for
from manyminds.runtime.client import LeanOpenAI
from manyminds.runtime.embedded.parts import CODER, SMOL, ModelFile
from manyminds.runtime.embedded.server import (
    ensure_server,
    release_server,
    server_answers,
)
from manyminds.runtime.keys import KEY_NAMES, Hidden, Key, find_key
from manyminds.runtime.machine import Machine, Share, collecting, joules_of, machine_for
from manyminds.runtime.probe import known_abilities, probe

__all__ = ["EMBEDDED", "LOCAL_SERVERS", "ConnectedEndpoint", "connect", "stays_here"]

EMBEDDED: dict[str, ModelFile] = {CODER.name: CODER, SMOL.name: SMOL}

LOCAL_SERVERS: dict[str, str] = {
    "ollama": "http://127.0.0.1:11434/v1",
    "llamacpp": "http://127.0.0.1:8080/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
}
_HOSTED: dict[str, str] = {
    "openai": "https://api.openai.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}
_HOSTED_ABILITIES = Abilities(
    json_schema=True, tools=True, parallel_tools=True, stream_usage=True, output_tokens=8_192
)
TIMEOUT_S = 600.0
_TOO_MANY = 429
EMBEDDED_OUTPUT_TOKENS = 700
"""Worded maths needs 500 and more; past 700 a 1.5B model is repeating itself."""


@dataclass(kw_only=True)
class ConnectedEndpoint:
    """A model behind an address, with what is known of both."""

    name: ModelName
    model: Model
    price: Price
    abilities: Abilities
    client: openai.AsyncOpenAI | None = None
    """Ours; `None` where the model, entered, holds one of its own."""
    key: Key | None = None

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        """Send one request, with the time to its first token where it is streamed.

        A service that echoes our key has it taken out here, before anything is recorded.
        """
        began = time.monotonic()
        first: float | None = None

        hidden = None if self.key is None else Hidden(self.key)

        def timed(pieces: int, text: str) -> None:
            nonlocal first
            first = time.monotonic() - began if first is None else first
            if progress is not None:
                progress(pieces, text if hidden is None else hidden.shown(text))

        machine, breaker = self._machine(), breaker_for(str(self.name))
        breaker.check()
        try:
            with nullcontext(Share()) if machine is None else machine.at_work() as share:
                reply = await send(self.model, call, progress=None if progress is None else timed)
        except ProviderError as error:
            if error.retryable and error.status != _TOO_MANY:  # that one says itself how long
                breaker.failed()
            raise self._without_key(error) from None
        else:
            breaker.passed()
        finally:
            breaker.let_go()
        return replace(
            reply if self.key is None else _scrubbed(reply, self.key),
            first_token_s=None if first is None else round(first, 3),
            machine_s=None if machine is None else round(share.seconds, 3),
            joules=None if machine is None else share.joules,
        )

    def _machine(self) -> Machine | None:
        """Return whose time and energy requests cost; `None` where it is not ours."""
        return machine_for(None) if self.price.here else None

    def _without_key(self, error: ProviderError) -> ProviderError:
        return ProviderError(
            str(error) if self.key is None else self.key.taken_out_of(str(error)),
            status=error.status,
            retry_after_s=error.retry_after_s,
            retryable=error.retryable,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()
        else:
            await self.model.__aexit__(None, None, None)


def _scrubbed(reply: Reply, key: Key) -> Reply:
    """Take our key out of a reply, the arguments of its calls included."""
    calls = tuple(
        replace(call, arguments=json.loads(key.taken_out_of(json.dumps(call.arguments))))
        for call in reply.calls
    )
    return replace(reply, text=key.taken_out_of(reply.text), calls=calls)


@dataclass(kw_only=True)
class EmbeddedEndpoint(ConnectedEndpoint):
    """The model served by our own child process: started again once if it dies."""

    file: ModelFile
    cache: Path
    pid: int
    """Of the process that serves the model."""
    restarts_left: int = 1
    _restarting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        """Send one request, and once more where nothing came back.

        A server that is gone is started again; one that is there had closed the connection we
        kept. Always streamed, so that a small model's loops are noticed and cut.
        """
        asked, came = self.client, 0

        def counted(pieces: int, text: str) -> None:
            nonlocal came
            came = pieces
            if progress is not None:
                progress(pieces, text)

        with collecting() as shares:
            try:
                return await super().send(call, progress=counted)
            except ProviderError as error:
                if error.status is not None:
                    raise
                if not await server_answers(self.file, self.cache):
                    await self._restart(asked)
                elif came:
                    raise  # a bad reply is not a dead server: the run decides what to do
            reply = await super().send(call, progress=counted)
        return replace(reply, joules=joules_of(shares))

    def _machine(self) -> Machine | None:
        return machine_for(self.pid)

    async def _restart(self, failed: openai.AsyncOpenAI | None) -> None:
        async with self._restarting:
            if self.client is not failed:
                return  # another member's step has done it already
            if self.restarts_left == 0:
                raise ProviderError("embedded: the model server died twice; see `manyminds doctor`")
            self.restarts_left -= 1
            await self.close()
            server = await ensure_server(self.file, self.cache)
            self.pid = server.pid
            self.client = openai_client(f"{server.address}/v1", server.key)
            self.model = _chat_model(self.name.model, self.client)

    async def close(self) -> None:
        """Close the connections and give the lease back."""
        await super().close()
        release_server(self.file, self.cache)


def stays_here(text: str) -> bool:
    """Say whether a model runs on this machine, as far as its address tells.

    Raises:
        UsageError: If the name is wrong.
    """
    name = parse_model(text)
    if name.provider in ("anthropic", "google"):
        return False
    return name.provider == "embedded" or is_loopback(_base_url(name))


def openai_client(base_url: str, key: str) -> openai.AsyncOpenAI:
    """Return a client on the aiohttp transport, which stays fast at a thousand requests."""
    return LeanOpenAI(
        base_url=base_url,
        api_key=key,
        max_retries=0,  # the run retries, within the budget and on record
        timeout=TIMEOUT_S,
        http_client=openai.DefaultAioHttpClient(verify=_certificates()),
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Return what connections are verified by; reading it takes 20 ms, too long for each run."""
    return httpx2.create_ssl_context()


def _chat_model(name: str, client: openai.AsyncOpenAI) -> OpenAIChatModel:
    # What the endpoint can really do is probed by us: the library must not second-guess it.
    # Schemas go out as they are: rewriting them for one service's strictness costs time each call.
    profile = OpenAIModelProfile(supports_json_schema_output=True, json_schema_transformer=None)
    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client), profile=profile)


async def connect(text: str, *, cache: Path) -> ConnectedEndpoint:
    """Connect to the model of that name, probing its endpoint the first time.

    Raises:
        UsageError: If the name is wrong, or a key is missing.
        ProviderError: If the service cannot be reached.
    """
    name = parse_model(text)
    if name.provider == "embedded":
        return await _connect_embedded(name, cache)
    if name.provider in ("anthropic", "google"):
        return await _connect_hosted(name)
    base_url = _base_url(name)
    key = find_key(name.provider)
    if key is None and name.provider in _HOSTED and base_url == _HOSTED[name.provider]:
        raise _no_key(name.provider)
    client = openai_client(base_url, "none" if key is None else key.reveal())
    if base_url == _HOSTED["openai"]:
        # The library knows each of these models; what it sends differs between them.
        return ConnectedEndpoint(
            name=name,
            model=OpenAIChatModel(name.model, provider=OpenAIProvider(openai_client=client)),
            price=_price(name, base_url),
            abilities=_HOSTED_ABILITIES,
            client=client,
            key=key,
        )
    try:
        abilities = await _abilities(client, name, str(name), cache)
    except BaseException:
        await client.close()
        raise
    return ConnectedEndpoint(
        name=name,
        model=_chat_model(name.model, client),
        price=_price(name, base_url),
        abilities=abilities,
        client=client,
        key=key,
    )


def _base_url(name: ModelName) -> str:
    if name.base_url is not None:
        return name.base_url
    if name.provider == "openai":
        return os.environ.get("OPENAI_BASE_URL", "").rstrip("/") or _HOSTED["openai"]
    if name.provider == "ollama" and os.environ.get("OLLAMA_HOST"):
        host = os.environ["OLLAMA_HOST"].rstrip("/")
        return f"{host if '://' in host else f'http://{host}'}/v1"
    return _HOSTED.get(name.provider) or LOCAL_SERVERS[name.provider]


def _price(name: ModelName, base_url: str) -> Price:
    # `openai:` on another address is somebody else's service, at somebody else's price.
    elsewhere = name.provider == "openai" and base_url != _HOSTED["openai"]
    price = price_of("http" if elsewhere else name.provider, name.model)
    # One's own server on another machine costs no dollars; what that machine draws is not seen.
    return replace(price, here=price.here and is_loopback(base_url))


def is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False  # a name, which may lead anywhere


async def _abilities(
    client: openai.AsyncOpenAI, name: ModelName, mark: str, cache: Path
) -> Abilities:
    known = known_abilities(cache, mark)
    return known if known is not None else await probe(client, name.model, cache=cache, mark=mark)


async def _connect_embedded(name: ModelName, cache: Path) -> ConnectedEndpoint:
    file = EMBEDDED.get(name.model)
    if file is None:
        raise UnknownName("embedded model", name.model, EMBEDDED)
    server = await ensure_server(file, cache)
    client = openai_client(f"{server.address}/v1", server.key)
    try:
        abilities = await _abilities(client, name, f"{name}@{file.sha256[:12]}", cache)
    except BaseException:
        await client.close()
        raise
    return EmbeddedEndpoint(
        name=name,
        model=_chat_model(name.model, client),
        price=price_of("embedded", name.model),
        abilities=replace(abilities, output_tokens=EMBEDDED_OUTPUT_TOKENS),
        client=client,
        file=file,
        cache=cache,
        pid=server.pid,
    )


async def _connect_hosted(name: ModelName) -> ConnectedEndpoint:
    """Connect to a service whose own protocol pydantic-ai speaks."""
    key = find_key(name.provider)
    if key is None:
        raise _no_key(name.provider)
    try:
        model = _hosted_model(name, key.reveal())
    except ImportError:
        raise UsageError(
            f"{name}: its client is not installed; install the `{name.provider}` extra"
        ) from None
    await model.__aenter__()
    profile = model.profile
    abilities = Abilities(
        json_schema=profile.get("supports_json_schema_output"),
        tools=profile.get("supports_tools"),
        output_tokens=4_096,
    )
    return ConnectedEndpoint(
        name=name,
        model=model,
        price=price_of(name.provider, name.model),
        abilities=abilities,
        key=key,
    )


def _hosted_model(name: ModelName, key: str) -> Model:
    """Build the model through the library's own providers, imported where they are asked for."""
    modules = {
        "anthropic": ("pydantic_ai.models.anthropic", "AnthropicModel", "anthropic"),
        "google": ("pydantic_ai.models.google", "GoogleModel", "google"),
    }
    module, model_class, provider = modules[name.provider]
    make_model = getattr(importlib.import_module(module), model_class)
    providers = importlib.import_module(f"pydantic_ai.providers.{provider}")
    make_provider = getattr(providers, f"{provider.title()}Provider")
    return make_model(name.model, provider=make_provider(api_key=key))


def _no_key(provider: str) -> UsageError:
    variable = KEY_NAMES[provider][0]
    return UsageError(
        f"no key for {provider}; run `manyminds keys set {provider}` or set {variable}"
    )
