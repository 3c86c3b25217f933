"""Questions for a text: one member writes it, and nothing is voted on."""

import pytest

from manyminds.core.messages import Reply, ToolCall
from manyminds.core.protocols import Strategy
from manyminds.core.values import Spend, Task
from manyminds.strategies.auto import Auto
from manyminds.strategies.brief import Brief
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.single import Single
from manyminds.testing import ScriptedRun, final

pytestmark = pytest.mark.anyio
ASKED = Task(prompt="Write a short email to my landlord about the broken heating.")
MAIL = "Dear Ms Hill,\n\nthe heating has been cold since Monday.\n\nYours,\nSam"


def answered(text: str) -> Reply:
    """Answer as models with native tools do."""
    given = {"reason": "plain", "answer": text, "confidence": 90}
    call = ToolCall(id="c1", name="answer", arguments=given)
    return Reply(text="", calls=(call,), finish="stop", spend=Spend())


@pytest.mark.parametrize("strategy", [Heavy(), Single(), Auto(), Brief()])
@pytest.mark.parametrize("native", [False, True])
async def test_a_text_is_written_once_and_stands(strategy: Strategy, *, native: bool) -> None:
    said = answered(MAIL) if native and not isinstance(strategy, Brief) else MAIL
    script = {f"m{n}": [said] for n in range(1, 5)}
    run = ScriptedRun(task=ASKED, script=script, native_tools=native)
    answer = await strategy(run)
    assert (answer.text, answer.outcome, answer.confidence) == (MAIL, "answered", None)
    assert (answer.dissent, answer.missing) == ((), ())
    assert len(run.calls) == 1
    assert "boxed" not in str(run.calls[0][1].messages)
    assert "result alone" not in str(run.calls[0][1].messages)


async def test_texts_that_nobody_saw_coming_are_not_voted_on() -> None:
    """In a language, or with words, that nobody thought of: the replies tell."""
    task = Task(prompt="Napisz krótki list do mojego gospodarza o zimnym grzejniku.")
    run = ScriptedRun(task=task, script={f"m{n}": [final(f"{MAIL} {n}")] for n in range(1, 5)})
    answer = await Heavy()(run)
    assert (answer.text, answer.outcome, answer.confidence) == (f"{MAIL} 1", "answered", None)
    assert answer.dissent == ()
    assert len(run.calls) == 2
