"""Several tools as one: by name, with evidence numbered, output fenced and errors as values."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from manyminds.core.errors import RunError, ToolError, ToolFailed, UnknownName
from manyminds.core.messages import ToolCall, ToolSpec
from manyminds.core.protocols import Tool, ToolOutcome
from manyminds.core.values import Evidence
from manyminds.tools.fence import fence

__all__ = ["Toolset"]


class Toolset:
    """The tools of one run, in a fixed order."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What models are told of them."""
        return tuple(tool.spec for tool in self._tools.values())

    async def call(
        self, member: str, call: ToolCall, *, new_id: Callable[[str], str]
    ) -> ToolOutcome:
        """Call one; whatever goes wrong in a known way comes back as text for the model."""
        try:
            tool = self._tools.get(call.name)
            if tool is None:
                raise UnknownName("tool", call.name, self._tools)
            found = await tool(member, call)
        except (ToolError, UnknownName) as error:
            text = fence(str(error), source=f"{call.name}, failed")
            hint = "" if isinstance(error, ToolFailed) else "\nMend it and call again."
            return ToolOutcome(text=text + hint, error=str(error))
        except RunError:
            raise
        except Exception as error:  # noqa: BLE001 (the door of tool calls: a tool must not end a run)
            why = f"the tool failed ({type(error).__name__})"
            return ToolOutcome(text=fence(why, source=call.name), error=f"{why}: {error}")
        evidence = tuple(_numbered(e, new_id("e")) for e in found)
        text = "\n".join(fence(e.output, source=_label(e)) for e in evidence)
        return ToolOutcome(text=text or fence("nothing found", source=call.name), evidence=evidence)


def _numbered(evidence: Evidence, id_: str) -> Evidence:
    return replace(evidence, id=id_)


def _label(evidence: Evidence) -> str:
    if evidence.source is None:
        return evidence.tool
    return f"{evidence.source}:{evidence.line_start}"
