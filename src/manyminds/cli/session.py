"""What commands that run a question share: finding models, looking on, stopping, exit codes."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from manyminds.cli.exits import ANSWERED, BUDGET, INTERRUPTED, NO_ANSWER, PROVIDER
from manyminds.cli.person import asked_in_terminal
from manyminds.cli.view import View
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.events import Recorded
from manyminds.runtime.ask import Asked, Watch
from manyminds.runtime.discover import choose_models
from manyminds.runtime.run import MemoryRun
from manyminds.runtime.settings import Setting
from manyminds.runtime.steer import CANCELLED, NOW
from manyminds.tools.web.sites import Agreed
from manyminds.transcript.codec import encode

__all__ = ["chosen", "configured", "exit_code", "in_session", "looking_on"]

Work = Callable[[tuple[str, ...], Watch], Awaitable[Asked]]
"""Works a question with these models, being watched."""


def configured(settings: dict[str, Setting]) -> tuple[str, ...]:
    """Return the models that a flag or a setting names."""
    value = settings["models"].value
    return value if isinstance(value, tuple) else ()


async def in_session(
    settings: dict[str, Setting],
    view: View,
    work: Work,
    *,
    events: bool,
    here: bool = False,
    confirm: bool = False,
) -> Asked:
    """Find the models, then let `work` run, looked on by the view and stopped by Ctrl-C.

    With `here`, a model that nobody named is sought on this machine only; with `confirm`, the
    person is asked about addresses that nobody named, and acts that are not all in their words.

    Raises:
        UsageError: If an option cannot be met.
        ProviderError: If no model can be reached at all.
    """
    if confirm and not (sys.stdin is not None and sys.stdin.isatty()):
        raise UsageError("--confirm needs a terminal to ask you in; leave it out here")
    models = await chosen(settings, silent=view.silent, here=here)
    with looking_on(view, events=events) as watch:
        if confirm:
            watch = replace(
                watch,
                on_address=partial(_confirm, view, _READ_IT),
                on_act=partial(_confirm, view, _DO_IT),
            )
        return await work(models, watch)


async def chosen(
    settings: dict[str, Setting], *, silent: bool = False, here: bool = False
) -> tuple[str, ...]:
    """Return the models to use, and say which and why; with `here`, only on this machine."""
    names, by_flag = configured(settings), settings["models"].origin == "flag"
    choice = await choose_models(names if by_flag else (), () if by_flag else names, here=here)
    if not silent:
        notice(f"model: {', '.join(choice.models)} ({choice.why})")
    return choice.models


@contextmanager
def looking_on(view: View, *, events: bool) -> Generator[Watch]:
    """Show a run as it goes, and let Ctrl-C end it."""
    with ExitStack() as stack:
        stack.enter_context(view)
        yield Watch(
            sinks=(*([_print_event] if events else []), view.on_event),
            on_progress=view.on_progress if view.live else None,
            on_notice=view.on_notice,
            on_start=lambda run: _stop_on_interrupt(run, stack),
        )


_AGREED: dict[str, Agreed] = {
    "y": "page", "yes": "page", "s": "site", "a": "run", "n": "never",
}  # fmt: skip


_READ_IT = """Neither you nor a search named this address:
  {}
Read it? [Enter] no, [y] this page, [s] all of its site, [a] whatever this run asks for, \
[n] nothing of that site: """
_DO_IT = """A tool is to do this, and not all of it is in your words:
{}
Do it? [Enter] no, [y] this once, [s] whatever this tool is to do, [a] whatever this run asks for, \
[n] nothing with this tool: """


async def _confirm(view: View, question: str, what: str) -> Agreed:
    """Ask the person whether an address may be read, or a tool may do something."""
    said = await asked_in_terminal(view, question.replace("{}", what, 1))
    return _AGREED.get(said.lower(), "no")


def _print_event(recorded: Recorded) -> None:
    sys.stdout.write(encode(recorded).decode())
    sys.stdout.flush()


def _stop_on_interrupt(run: MemoryRun, stack: ExitStack) -> None:
    """Let the first Ctrl-C end the run with what is there, and the second one stop at once."""
    loop = asyncio.get_running_loop()
    whole = asyncio.current_task()

    def interrupted() -> None:
        if run.stopped_by is None:
            notice("finishing with what is there; Ctrl-C again stops at once")
            run.stop("interrupted")
        elif whole is not None:
            whole.cancel()

    try:
        loop.add_signal_handler(signal.SIGINT, interrupted)
    except NotImplementedError:  # Windows: Ctrl-C stops at once there
        return
    stack.callback(loop.remove_signal_handler, signal.SIGINT)


def exit_code(asked: Asked) -> int:
    """Return what the program exits with."""
    if asked.stopped_by in ("interrupted", CANCELLED):
        return INTERRUPTED
    if asked.answer.outcome == "answered":
        return ANSWERED
    if asked.stopped_by == "provider":
        return PROVIDER
    return NO_ANSWER if asked.stopped_by in (None, NOW) else BUDGET
