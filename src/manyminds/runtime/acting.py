"""Which tools that act a question calls for: settled before anything foreign is read."""

from manyminds.agents.asking import question_now
from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import BudgetExceeded, ProviderError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.tools.mcp.gate import Gate

__all__ = ["plan_acts"]

_ABOUT = 200
"""Characters of what a tool is described as."""


async def plan_acts(run: Run, gate: Gate) -> None:
    """Ask a model that has read nothing but the question, and let the gate go by what it says.

    Where it says nothing that can be used, no tool is part of the plan, and each act is asked
    about.
    """
    acts = [spec for spec in run.tools if spec.name in gate.acts]
    if not acts:
        return
    names: list[JsonValue] = [spec.name for spec in acts]
    told = "\n".join(f"- {spec.name}: {spec.description[:_ABOUT]}" for spec in acts)
    text = prompt("plan_acts", tools=told, question=question_now(run.task.prompt))
    form: dict[str, JsonValue] = {
        "tools": {"type": "array", "items": {"enum": names}, "maxItems": len(names)}
    }
    try:
        said = await inquire(run, run.members[0], text, form, max_tokens=200, purpose="lead")
    except (BudgetExceeded, ProviderError):
        said = {}
    found = said.get("tools")
    gate.plan([str(one) for one in found] if isinstance(found, list) else ())
