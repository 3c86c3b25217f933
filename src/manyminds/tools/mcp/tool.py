"""A tool of another server as our members see it: under its server's name, its words data."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

from manyminds.core.errors import ToolFailed
from manyminds.core.messages import JsonSchema, JsonValue, ToolCall, ToolSpec
from manyminds.core.values import Evidence
from manyminds.tools.mcp.config import ServerConfig
from manyminds.tools.mcp.gate import Gate
from manyminds.tools.mcp.pins import Offered
from manyminds.tools.web.outgoing import Outgoing

__all__ = ["Foreign", "Returned", "Speaks", "offered_tools"]

_LONGEST_NAME = 60
_LONGEST_ABOUT = 400
"""Characters of a description: what a tool does is said in less, what else it wants in more."""
_LONGEST_OUTPUT = 200_000
_MOST_SAID = 40_000
"""Characters that all tools of one server may take of each request."""
_FORM = {
    "type", "properties", "required", "items", "enum", "const", "minimum", "maximum", "minItems",
    "maxItems", "minLength", "maxLength", "anyOf", "oneOf", "allOf", "additionalProperties", "$ref",
    "$defs", "format",
}  # fmt: skip
"""What is kept of a schema."""


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a call of a server gave."""

    text: str
    structure: JsonValue = None
    """The same as fields and values; `None` where it gave a text alone."""


class Speaks(Protocol):
    """A server that was begun."""

    async def call(self, name: str, arguments: dict[str, JsonValue]) -> Returned:
        """Call one of its tools and return what it says."""
        ...


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """One tool of one server."""

    server: Speaks
    offered: Offered
    spec: ToolSpec
    outgoing: Outgoing
    config: ServerConfig
    gate: Gate

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Call it; what only the person's documents say does not go along.

        Raises:
            ToolFailed: If it cannot be done, or may not.
        """
        request = json.dumps(call.arguments, ensure_ascii=False)
        if why := self.outgoing.why_not(" ".join(_texts(call.arguments))):
            raise ToolFailed(f"this would leave the machine: {why}")
        trusted = self.offered.name in self.config.trust
        if not trusted:
            await self.gate.settle(self.config.name, self.spec, call)
        said = await self.server.call(self.offered.name, call.arguments)
        if not trusted:
            self.gate.learn(self.config.name, self.spec, call, said.structure)
        cut = len(said.text) > _LONGEST_OUTPUT
        text = f"{said.text[:_LONGEST_OUTPUT]}\n[… cut]" if cut else said.text
        return (Evidence(id="", tool=self.spec.name, request=request, output=text),)

    def recall(self, member: str, call: ToolCall, evidence: tuple[Evidence, ...]) -> None:
        """Take in a call that this run made before its process ended."""
        if self.spec.effect != "none" and self.offered.name not in self.config.trust:
            self.gate.recall(self.config.name, self.spec, call)


def _texts(value: JsonValue) -> Iterator[str]:
    """Yield all words of a call, as they are: written as JSON some would run together."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)


def _bare(schema: JsonValue) -> JsonValue:
    """Return a schema without words that are no part of its form: models read them as ours."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    bare: dict[str, JsonValue] = {}
    for key, one in schema.items():
        if key == "properties" and isinstance(one, dict):
            bare[key] = {name[:_LONGEST_NAME]: _bare(form) for name, form in one.items()}
        elif key in _FORM:
            bare[key] = _bare(one)
    return bare


def offered_tools(
    config: ServerConfig, offers: Sequence[Offered], kept_away: Mapping[str, str]
) -> tuple[list[tuple[Offered, ToolSpec]], dict[str, str]]:
    """Return what members may use of a server, and why they may not use the rest.

    Args:
        config: What the person says of it.
        offers: What it offers.
        kept_away: Tools that are in quarantine, and why.
    """
    usable: list[tuple[Offered, ToolSpec]] = []
    refused: dict[str, str] = {}
    names: set[str] = set()
    room = _MOST_SAID
    for tool in offers:
        spec = _spec(config, tool)
        if tool.name in config.deny:
            refused[tool.name] = "you deny it"
        elif tool.name in kept_away:
            refused[tool.name] = kept_away[tool.name]
        elif not tool.reads and tool.name not in (*config.allow, *config.trust):
            refused[tool.name] = 'it may change something; put it into "allow" to let members'
        elif spec.name in names:
            refused[tool.name] = f"another tool of this server is called {spec.name} already"
        elif (size := len(json.dumps(spec.parameters)) + len(spec.description)) > room:
            refused[tool.name] = "the server's other tools take all the room there is for words"
        else:
            room -= size
            names.add(spec.name)
            usable.append((tool, spec))
    return usable, refused


def _spec(config: ServerConfig, tool: Offered) -> ToolSpec:
    """Describe a tool under its server's name, so that it can stand for none of ours."""
    name = re.sub(r"[^a-z0-9]+", "_", f"{config.name}_{tool.name}".lower())
    name = name.strip("_")[:_LONGEST_NAME]
    words = " ".join("".join(c if c.isprintable() else " " for c in tool.description).split())
    about = words.replace("<", "‹").replace(">", "›")
    if len(about) > _LONGEST_ABOUT:
        about = f"{about[: _LONGEST_ABOUT - 1]}…"
    plain = ToolSpec(
        name=f"mcp_{name}", description=f"{config.name} says of it: “{about}”",
        parameters=cast("JsonSchema", _bare(tool.parameters)),
    )  # fmt: skip
    # Of a call that was under way when the process ended nobody can know what it did.
    return plain if tool.reads else replace(plain, effect="unkeyed")
