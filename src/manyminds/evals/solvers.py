"""Our strategies as solvers of inspect_ai: `inspect eval TASK --solver manyminds/heavy`.

The question is what a task says, its options included, and the answer is left where its scorer
looks. Members use our tools, not the task's, and do not see its sandbox. Inspect's limits hold: one
on tokens, cost or messages ends the run with what there is, one on time ends the sample.
"""

from collections.abc import Callable

from inspect_ai.model import ChatMessageAssistant, ModelOutput, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from manyminds.agents.roster import roster
from manyminds.core.errors import ProviderError
from manyminds.core.events import Recorded
from manyminds.core.protocols import Strategy, Tool
from manyminds.core.values import Answer, Limits, Task
from manyminds.evals.inspect_models import InspectEndpoint
from manyminds.judging.canonical import canonicalize
from manyminds.runtime.ask import new_run_id, play
from manyminds.runtime.paths import cache_home
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.registry import strategy_named, strategy_names
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.sandbox.choose import find_isolation
from manyminds.tools.sandbox.tool import Python
from manyminds.tools.toolset import Toolset

__all__ = ["question_in", "strategy_solver", "strategy_solvers"]

MEMBERS = 4


def strategy_solver(make: Callable[[], Strategy], *, members: int, seed: int) -> Solver:
    """Return a solver that works each sample by a strategy.

    Args:
        make: Makes the strategy, anew for each sample.
        members: Of the panel.
        seed: Of the first epoch's runs; each later epoch has the next one.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        name = str(model)
        isolation = await find_isolation(cache_home())
        python = None if isolation.jailer is None else Python(isolation)
        tools: list[Tool] = [Calculate()] if python is None else [python, Calculate()]
        events: list[Recorded] = []
        run = MemoryRun(
            run_id=new_run_id(), task=Task(prompt=question_in(state)),
            members=roster(members, [name], has_docs=False),
            endpoints={name: await InspectEndpoint.of(model)}, tools=Toolset(tools),
            limits=Limits(), seed=seed + state.epoch - 1, sinks=[events.append],
            on_progress=lambda _member, _pieces, _text: None,
        )  # fmt: skip
        try:
            answer, _ = await play(run, make())
        finally:
            if python is not None:
                await python.close()
        if run.provider_failed:
            raise ProviderError("; ".join(answer.missing) or f"{name} failed")
        _leave(state, answer, name)
        return state

    return solve


def question_in(state: TaskState) -> str:
    """Return a sample's question, its system's words before it and its options after it."""
    asked = [message for message in state.messages if message.role in ("system", "user")]
    if any(
        part.type != "text" for m in asked if not isinstance(m.content, str) for part in m.content
    ):
        raise ValueError(f"sample {state.sample_id} holds more than text, which is not supported")
    question = "\n\n".join(message.text for message in asked)
    if not state.choices:
        return question
    options = [f"{_letter(place)}) {choice.value}" for place, choice in enumerate(state.choices)]
    return "\n".join([question, "", *options, "Answer with the letter of the right option."])


def _leave(state: TaskState, answer: Answer, model: str) -> None:
    """Leave the answer where scorers look: as output, and as the choice that was made."""
    text = answer.text or ""
    if state.choices:
        form = canonicalize(text, question=question_in(state))
        for place in range(len(state.choices)):
            chosen = form.kind == "choice" and form.key == _letter(place)
            state.choices.mark_choice(place, chosen)
        text = f"ANSWER: {form.key}" if form.kind == "choice" else text
    state.output = ModelOutput.from_content(model=model, content=text)
    state.messages.append(ChatMessageAssistant(content=text))
    state.metadata["manyminds"] = {
        "outcome": answer.outcome, "confidence": answer.confidence, "reason": answer.reason,
        "how": answer.how, "missing": list(answer.missing),
        "dissent": [{"answer": d.answer, "reason": d.reason} for d in answer.dissent],
    }  # fmt: skip


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def strategy_solvers() -> dict[str, Callable[..., Solver]]:
    """Register every strategy there is as a solver of that name."""
    return {name: _registered(name) for name in strategy_names()}


def _registered(name: str) -> Callable[..., Solver]:
    @solver(name=name)
    def make(members: int = MEMBERS, seed: int = 0) -> Solver:
        return strategy_solver(lambda: strategy_named(name), members=members, seed=seed)

    return make
