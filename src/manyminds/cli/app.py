"""The program `manyminds`: its commands, its exit codes, and the last door for errors.

Commands are imported when they are run, so that `--help` answers at once.
"""

import sys

from cyclopts import App, CycloptsError

from manyminds.cli.exits import (
    BUDGET,
    INTERRUPTED,
    NO_ANSWER,
    PROVIDER,
    WRONG_USE,
)
from manyminds.core.errors import (
    BudgetExceeded,
    ManymindsError,
    ProviderError,
    RunCancelled,
    UsageError,
)

__all__ = ["app", "main"]

app = App(
    name="manyminds",
    help="Many minds, one answer you can check.",
    version_flags=("--version",),
)

_COMMANDS = {
    "ask": ("manyminds.cli.ask:ask", "Ask a question; a panel works it and one answer comes back."),
    "runs": ("manyminds.cli.runs:runs", "List the runs that are kept."),
    "show": ("manyminds.cli.runs:show", "Show one run: its answer, its evidence, its cost."),
    "replay": ("manyminds.cli.runs:replay", "Play the live view of a run again, without a model."),
    "doctor": ("manyminds.cli.doctor:doctor", "Say what works here, and how to mend the rest."),
    "models": ("manyminds.cli.models:app", "List the models, or repair the embedded one."),
    "keys": ("manyminds.cli.keys:app", "Set, list or forget the keys of providers."),
    "config": ("manyminds.cli.config:app", "Show the settings and where each is from."),
}  # fmt: skip
for _name, (_path, _help) in _COMMANDS.items():
    app.command(_path, name=_name, help=_help)


def main() -> None:
    """Run the program and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; no error leaves here as a traceback."""
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _say(_first_line(str(error)) + " (see manyminds --help)", WRONG_USE)
    except UsageError as error:
        return _say(str(error), WRONG_USE)
    except BudgetExceeded as error:
        return _say(str(error), BUDGET)
    except RunCancelled as error:
        return _say(str(error), INTERRUPTED)
    except ProviderError as error:
        return _say(str(error), PROVIDER)
    except ManymindsError as error:
        return _say(str(error), NO_ANSWER)
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read us has gone (`| head`): nothing more can be said there.
        sys.stdout = None
        return NO_ANSWER
    return code if isinstance(code, int) else 0


def _first_line(text: str) -> str:
    return " ".join(text.split())


def _say(line: str, code: int) -> int:
    print(f"manyminds: {line}", file=sys.stderr)
    return code
