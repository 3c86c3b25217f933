"""Several tools as one: by name, with evidence numbered, output fenced and errors as values."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from manyminds.core.errors import RunError, ToolError, ToolFailed, UnknownName
from manyminds.core.events import ToolReturned
from manyminds.core.messages import ToolCall, ToolEffect, ToolFailure, ToolSpec
from manyminds.core.protocols import Remembering, Tool, ToolOutcome
from manyminds.core.values import Evidence
from manyminds.tools.fence import fence

__all__ = ["Toolset", "failed"]


class Toolset:
    """The tools of one run, in a fixed order."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What models are told of them."""
        return tuple(tool.spec for tool in self._tools.values())

    def effect_of(self, name: str) -> ToolEffect:
        """Return what calling a tool does to the world; nothing where there is no such tool."""
        tool = self._tools.get(name)
        return "none" if tool is None else tool.spec.effect

    async def call(
        self, member: str, call: ToolCall, *, new_id: Callable[[str], str], key: str
    ) -> ToolOutcome:
        """Call one; whatever goes wrong in a known way comes back as text for the model.

        Args:
            member: For whom.
            call: What.
            new_id: Names evidence.
            key: Names the call, so that what it does to the world is done once.
        """
        try:
            tool = self._tools.get(call.name)
            if tool is None:
                raise UnknownName("tool", call.name, self._tools)
            keyed = replace(call, id=key) if tool.spec.effect == "keyed" else call
            found = await tool(member, keyed)
        except (ToolError, UnknownName) as error:
            kind = "failed" if isinstance(error, ToolFailed) else "retry"
            return failed(call.name, str(error), kind)
        except RunError:
            raise
        except Exception as error:  # noqa: BLE001 (the door of tool calls: a tool must not end a run)
            return failed(call.name, f"{_BROKEN} ({type(error).__name__}): {error}", "broken")
        return _found(call.name, tuple(_numbered(e, new_id("e")) for e in found))

    def recall(self, member: str, call: ToolCall, returned: ToolReturned) -> ToolOutcome:
        """Return what a call of this run gave a process that has ended since, without doing it."""
        tool = self._tools.get(call.name)
        if isinstance(tool, Remembering) and returned.failure in (None, "retry"):
            tool.recall(member, call, returned.evidence)
        if returned.error is not None:
            return failed(call.name, returned.error, returned.failure or "failed")
        return _found(call.name, returned.evidence)


_BROKEN = "the tool failed"


def failed(name: str, error: str, kind: ToolFailure) -> ToolOutcome:
    """Return an error as a model is shown it; of one that is ours, no more than its kind."""
    if kind == "broken":
        shown = fence(error.partition(": ")[0], source=name)
    else:
        shown = fence(error, source=f"{name}, failed")
    hint = "\nMend it and call again." if kind == "retry" else ""
    return ToolOutcome(text=shown + hint, error=error, failure=kind)


def _found(name: str, evidence: tuple[Evidence, ...]) -> ToolOutcome:
    text = "\n".join(fence(e.output, source=_label(e)) for e in evidence)
    return ToolOutcome(text=text or fence("nothing found", source=name), evidence=evidence)


def _numbered(evidence: Evidence, id_: str) -> Evidence:
    return replace(evidence, id=id_)


def _label(evidence: Evidence) -> str:
    if evidence.source is None:
        return evidence.tool
    return f"{evidence.source}:{evidence.line_start}"
