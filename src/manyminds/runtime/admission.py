"""What is refused before anything is spent."""

from collections.abc import Mapping

from manyminds.agents.prompts import tampered
from manyminds.core.errors import UsageError
from manyminds.core.values import Limits, Task
from manyminds.runtime.choose import AskOptions
from manyminds.runtime.endpoints import EMBEDDED, stays_here
from manyminds.runtime.flight import Endpoint

SMALLEST_TOKENS = 2_000
"""A budget that cannot hold one request and its reserve is refused before anything is spent."""


def admit(options: AskOptions) -> None:
    """Refuse options that cannot be met, before any model is reached.

    Raises:
        UsageError: If one cannot be.
    """
    _check_prompts()
    if options.only_docs:
        _check_stays_here(options)


def admit_task(task: Task, limits: Limits, endpoints: Mapping[str, Endpoint]) -> None:
    """Refuse a budget that cannot be kept, and a question that no model of the panel can read.

    Raises:
        UsageError: If it is such.
    """
    _check_budget(limits, endpoints)
    _check_length(task, endpoints)


def _check_stays_here(options: AskOptions) -> None:
    """Refuse what would leave this machine, before anything does."""
    if options.docs is None:
        raise UsageError("--only-docs needs --docs FOLDER")
    if options.web is not None:
        raise UsageError("--only-docs keeps everything here; leave out --web, --site and --search")
    if options.mcp is not None:
        raise UsageError("--only-docs keeps everything here; leave out --mcp")
    if away := [model for model in options.models if not stays_here(model)]:
        raise UsageError(
            f"--only-docs keeps everything here, and {', '.join(away)} runs elsewhere; take a "
            f"local model, like --model embedded:{next(iter(EMBEDDED))}"
        )


def _check_prompts() -> None:
    """Refuse to work with words that no release knows."""
    changed = [file.name for file in tampered()]
    if changed:
        raise UsageError(
            f"prompts were changed since the release: {', '.join(changed)}; put them back "
            "(reinstall), or accept the change with `manyminds prompts accept`"
        )


def _check_budget(limits: Limits, endpoints: Mapping[str, Endpoint]) -> None:
    """Refuse a budget that cannot be kept or cannot hold a single step."""
    if limits.tokens is not None and limits.tokens < SMALLEST_TOKENS:
        raise UsageError(
            f"a budget of {limits.tokens} tokens holds no answer; {SMALLEST_TOKENS} is the least"
        )
    unknown = [name for name, endpoint in endpoints.items() if not endpoint.price.known]
    if limits.usd is not None and unknown:
        raise UsageError(
            f"no price is known for {', '.join(unknown)}, so a dollar limit cannot be kept; "
            "limit tokens or time instead, like --budget 200k,5m"
        )


def _check_length(task: Task, endpoints: Mapping[str, Endpoint]) -> None:
    """Refuse a question that no model of the panel can read."""
    # Four characters a token of plain English: an estimate from below.
    size = len(task.prompt) // 4
    contexts = [endpoint.abilities.context_tokens for endpoint in endpoints.values()]
    longest = max((c for c in contexts if c is not None), default=None)
    if longest is not None and None not in contexts and size >= longest:
        raise UsageError(
            f"the question is too long: about {size:,} tokens, and {', '.join(endpoints)} reads "
            f"{longest:,}; shorten it, put long material behind --docs, or take another model"
        )
