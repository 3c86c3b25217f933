"""Many minds, one answer you can check: panels of agents that settle disagreement with evidence.

    import asyncio
    from manyminds import AskOptions, Task, Watch, ask, cache_home, data_home

    asked = asyncio.run(ask(Task(prompt="…"), AskOptions(models=("openai:gpt-5-mini",)),
                            data=data_home(), cache=cache_home(), watch=Watch()))

Names are loaded when they are first used: importing the package loads no agent library.
"""

from importlib import import_module

_HOME = {
    "Answer": "core.values",
    "AskOptions": "runtime.ask",
    "Asked": "runtime.ask",
    "BudgetExceeded": "core.errors",
    "Candidate": "core.values",
    "Heavy": "strategies.heavy",
    "Limits": "core.values",
    "ManymindsError": "core.errors",
    "Member": "core.values",
    "ProviderError": "core.errors",
    "Run": "core.protocols",
    "RunError": "core.errors",
    "SelfConsistency": "strategies.self_consistency",
    "Single": "strategies.single",
    "Spend": "core.values",
    "Strategy": "core.protocols",
    "Task": "core.values",
    "Tool": "core.protocols",
    "UnknownName": "core.errors",
    "UsageError": "core.errors",
    "Verdict": "core.values",
    "Verifier": "core.protocols",
    "Watch": "runtime.ask",
    "ask": "runtime.ask",
    "cache_home": "runtime.paths",
    "canonicalize": "judging.canonical",
    "data_home": "runtime.paths",
    "parse_limits": "budget.parse",
}

__all__ = list(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    """Load a public name from the module it lives in."""
    if name not in _HOME:
        raise AttributeError(f"module 'manyminds' has no attribute {name!r}")
    return getattr(import_module(f"manyminds.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(_HOME)
