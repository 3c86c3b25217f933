"""The program `manyminds`: its commands, its exit codes, and the last door for errors.

Commands are imported when they are run, so that `--help` answers at once.
"""

import asyncio
import json
import logging
import os
import sys
import traceback

try:
    import resource
except ImportError:  # Windows
    resource = None

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
    "research": (
        "manyminds.cli.research:research",
        "Research a question; a report whose citations are really there.",
    ),
    "wide": ("manyminds.cli.wide:wide", "List all there are of something, every cell cited."),
    "recommend": (
        "manyminds.cli.recommend:recommend",
        "Choose from what there is: a first option and a backup, by what you like.",
    ),
    "do": ("manyminds.cli.do:do", "Carry a plan out in a browser; each act needs your yes."),
    "watch": ("manyminds.cli.watch:app", "Propose things in the background, within caps."),
    "way": ("manyminds.cli.way:way", "Find out with a model how a site is used: a plan for do."),
    "taste": ("manyminds.cli.taste:taste", "Find out what you like by five yes or no questions."),
    "memory": ("manyminds.cli.memory:app", "Show and change what is remembered of you."),
    "me": ("manyminds.cli.me:app", "Add your own words, and ask what they say of you."),
    "runs": ("manyminds.cli.runs:runs", "List the runs that are kept, and how they stand."),
    "attach": ("manyminds.cli.background:attach", "Show a run live that goes on by itself."),
    "resume": ("manyminds.cli.background:resume", "Go on with a run whose process has ended."),
    "steer": ("manyminds.cli.steer:steer", "Say something to a run that is going on."),
    "stop": ("manyminds.cli.background:stop", "End a run with what is there."),
    "cancel": ("manyminds.cli.background:cancel", "End a run, and want nothing of it."),
    "approve": ("manyminds.cli.background:approve", "Say yes to what a run waits for."),
    "deny": ("manyminds.cli.background:deny", "Say no to what a run waits for."),
    "fork": ("manyminds.cli.background:fork", "Begin a new run with the first events of another."),
    "schedule": ("manyminds.cli.schedule:app", "Ask again and again, and hear what is new."),
    "gateway": ("manyminds.cli.gateway:gateway", "Answer messages of a chat, a line of JSON each."),
    "serve": ("manyminds.cli.serve:app", "Serve every client: OpenAI's protocol, runs."),
    "mcp": ("manyminds.cli.mcp:app", "Serve our tools to an MCP host, on a pipe."),
    "worker": ("manyminds.cli.fleet:worker", "Work runs of a fleet, until it is told to end."),
    "fleet": ("manyminds.cli.fleet:app", "Show the fleet, and what models it may ask how often."),
    "show": ("manyminds.cli.runs:show", "Show one run: its answer, its evidence, its cost."),
    "check": ("manyminds.cli.check:check", "Check a run's citations and run its programs again."),
    "diagnose": ("manyminds.cli.diagnose:diagnose", "Say why a run failed, and what it wasted."),
    "replay": ("manyminds.cli.runs:replay", "Play the live view of a run again, without a model."),
    "doctor": ("manyminds.cli.doctor:doctor", "Say what works here, and how to mend the rest."),
    "bench": ("manyminds.cli.bench:app", "Compare strategies on known answers, costs included."),
    "models": ("manyminds.cli.models:app", "List the models, or repair the embedded one."),
    "split": ("manyminds.cli.split:split", "Plan how many members a budget is best spent on."),
    "prompts": ("manyminds.cli.prompts:app", "List, verify or accept the words models are told."),
    "judge": ("manyminds.cli.judge:app", "Label answers; see and fit what judges are worth."),
    "route": ("manyminds.cli.route:app", "Show or learn how `auto` routes questions."),
    "keys": ("manyminds.cli.keys:app", "Set, list or forget the keys of providers."),
    "config": ("manyminds.cli.config:app", "Show the settings and where each is from."),
}  # fmt: skip
for _name, (_path, _help) in _COMMANDS.items():
    app.command(_path, name=_name, help=_help)


_CODES: tuple[tuple[type[ManymindsError], int], ...] = (
    (UsageError, WRONG_USE),
    (BudgetExceeded, BUDGET),
    (RunCancelled, INTERRUPTED),
    (ProviderError, PROVIDER),
    (ManymindsError, NO_ANSWER),
)
"""The first kind that fits says the exit code."""


def main() -> None:
    """Run the program and exit."""
    if resource is not None:
        # A core that a crash writes down would hold keys.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not os.environ.get("MANYMINDS_DEBUG"):
        # What libraries tell their developers (a cache that was busy) says nothing to people.
        logging.lastResort = None
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; no error leaves here as a traceback."""
    line, code = _run(arguments)
    if line is None:
        return code
    print(f"manyminds: {line}", file=sys.stderr)
    if "--json" in arguments:
        # Whoever reads JSON gets an object whatever happens.
        print(json.dumps({"outcome": "none", "answer": None, "cost": None, "missing": [line]}))
    return code


def _run(arguments: list[str]) -> tuple[str | None, int]:
    """Return what to tell of an error, if there was one, and the exit code."""
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _first_line(_said(error)) + " (see manyminds --help)", WRONG_USE
    except ManymindsError as error:
        _trace()
        return str(error), next(code for kind, code in _CODES if isinstance(error, kind))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return "interrupted", INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone (`| head`): nothing more can be said there.
        sys.stdout = None
        return None, NO_ANSWER
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}", NO_ANSWER
    except Exception as error:  # noqa: BLE001 (the last door: no traceback for people)
        _trace()
        why = f"a mistake of ours: {type(error).__name__}: {error}"
        return _first_line(why) + "; MANYMINDS_DEBUG=1 shows where", NO_ANSWER
    return None, code if isinstance(code, int) else 0


def _said(error: CycloptsError) -> str:
    """Return what an error says; it loads every command for that, and one may lack its extra."""
    try:
        return str(error)
    except ManymindsError:
        return "there is no such command or option"


def _trace() -> None:
    """Show where an error came from, to whoever asked for it."""
    if os.environ.get("MANYMINDS_DEBUG"):
        traceback.print_exc()


def _first_line(text: str) -> str:
    return " ".join(text.split())
