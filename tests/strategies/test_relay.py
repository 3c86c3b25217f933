"""Members who say what comes next in a conversation that another program leads."""

import pytest

from manyminds.core.errors import NoCandidate, ProviderError
from manyminds.core.messages import Conversation, Said
from manyminds.core.values import Task
from manyminds.strategies.relay import Relay
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio
SAID = Conversation(messages=(Said(role="user", text="And now?"),))


async def test_what_most_members_say_goes_back_as_the_first_of_them_said_it() -> None:
    run = ScriptedRun(
        task=Task(prompt="And now?"),
        script={"m1": ["Stop."], "m2": ["Go on."], "m3": ["go  on."]},
    )
    answer = await Relay(SAID)(run)
    assert (answer.text, answer.author) == ("Go on.", "m2")
    assert answer.how == "2 of 3 members want this step"
    assert answer.confidence is None  # nobody checked it


async def test_who_fails_has_no_vote() -> None:
    gone = ProviderError("gone")
    run = ScriptedRun(task=Task(prompt="?"), script={"m1": [gone], "m2": ["Go on."]})
    assert (await Relay(SAID)(run)).text == "Go on."
    nobody = ScriptedRun(task=Task(prompt="?"), script={"m1": [gone], "m2": [gone]})
    with pytest.raises(NoCandidate, match="gone"):
        await Relay(SAID)(nobody)
