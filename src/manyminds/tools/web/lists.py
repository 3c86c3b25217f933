"""The `list_links`, `read_feed` and `read_sitemap` tools: what a page leads to, an entry a line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import anyio

from manyminds.core.errors import ToolFailed, ToolRetry
from manyminds.core.messages import JsonValue, ToolCall, ToolSpec
from manyminds.core.values import Evidence
from manyminds.tools.several import lines_of, side_by_side
from manyminds.tools.web.pages import LISTS
from manyminds.tools.web.tool import Web

__all__ = ["ListLinks", "list_tools"]

Kind = Literal["links", "feed", "sitemap"]
_NAMES: dict[Kind, tuple[str, str]] = {
    "links": ("list_links", "list what pages, feeds or sitemaps lead to, one address a line"),
    "feed": ("read_feed", "list the entries of feeds (RSS, Atom), one address a line"),
    "sitemap": ("read_sitemap", "list the pages of sitemaps, one address a line"),
}


@dataclass(frozen=True, kw_only=True)
class ListLinks:
    """Lists what a page leads to, as it was read: each line can be cited."""

    web: Web
    kind: Kind = "links"

    @property
    def spec(self) -> ToolSpec:
        """What models are told."""
        name, description = _NAMES[self.kind]
        address: JsonValue = {"type": "string"}
        return ToolSpec(
            name=name, description=description,
            parameters={
                "type": "object", "properties": {"address": address}, "required": ["address"],
            },
            several="address",
        )  # fmt: skip

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """List what `address` leads to; each of its lines, where it has several."""
        address = call.arguments.get("address")
        if not isinstance(address, str) or not address.strip():
            raise ToolRetry(f'{self.spec.name} needs an "address"')
        addresses = lines_of(address)
        found = await side_by_side(self._list, addresses)
        name = self.spec.name
        return tuple(
            Evidence(id="", tool=name, request=one, output=str(got))
            if isinstance(got, Exception)
            else replace(got, tool=name)
            for one, got in zip(addresses, found, strict=True)
        )

    def recall(self, member: str, call: ToolCall, evidence: Sequence[Evidence]) -> None:
        """Know the pages that were read before."""
        self.web.recall(evidence)

    async def _list(self, address: str) -> Evidence:
        names = await self.web.open(address)
        name = self._named(address, names)
        sources = self.web.sources
        text = await anyio.to_thread.run_sync(sources.text_of, name)
        about = await anyio.to_thread.run_sync(sources.about, name)
        told = {} if about is None else about.told()
        found = Evidence(
            id="", tool="", request=address, output=text or "", source=name, start=0,
            end=len(text or ""), line_start=1, line_end=(text or "").count("\n"),
        )  # fmt: skip
        return replace(found, **told)

    def _named(self, address: str, names: Sequence[str]) -> str:
        lists = {name.rpartition("#")[2]: name for name in names if name.endswith(_ENDINGS)}
        if not lists:
            raise ToolFailed(f"{address[:200]} leads nowhere")
        if self.kind != "links" and self.kind not in lists:
            raise ToolRetry(f"{address[:200]} is no {self.kind}; list_links lists what it leads to")
        return lists.get(self.kind) or next(iter(lists.values()))


_ENDINGS = tuple(f"#{kind}" for kind in LISTS)


def list_tools(web: Web) -> list[ListLinks]:
    """Return the three."""
    return [ListLinks(web=web), ListLinks(web=web, kind="feed"), ListLinks(web=web, kind="sitemap")]
