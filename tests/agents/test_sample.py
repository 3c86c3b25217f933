import time

import pytest

from manyminds.agents.asking import asks_for_code, asks_for_python, asks_for_text, question_now
from manyminds.agents.prompts import prompt
from manyminds.agents.sample import BRIEF_TOKENS, Conversation, Form, draft_of, read_answer
from manyminds.core.errors import ProviderError
from manyminds.core.messages import Reply
from manyminds.core.values import Member, Spend, Task
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio
ME = Member(name="m1", way="direct", model="scripted:model")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("6 * 7 = 42\nAnswer: 42", "42"),
        ("Answer: 41\nNo, wait.\n**Answer:** 42.", "42"),
        ("so\n**Final answer: $42**", "$42"),
        ("the result is \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("so \\boxed{\\frac{\\sqrt{3}}{2}}.", "\\frac{\\sqrt{3}}{2}"),
        ("at first \\boxed{3}, in the end \\boxed{ 4 }", "4"),
        ("\\[ \\boxed{\\text{cannot be determined}} \\]", "cannot be determined"),
        ("it costs \\boxed{\\$12}", "$12"),
        ("it was cut off at \\boxed{1", None),
        ("Answer: cannot be determined", "cannot be determined"),
        ('so 1000.\n\n"Answer: 1,000"', "1,000"),
        ("It is odd. The answer is: Cannot be determined.", "Cannot be determined"),
        ("20 * 3 = 60\n\n**Therefore, it costs $60.**", "it costs $60"),
        ("So I would say nothing.", None),
        ("I do not know.", None),
        ("", None),
        ("Answer:", None),
    ],
)
def test_the_answer_stands_at_the_end(text: str, answer: str | None) -> None:
    assert read_answer(text, code=False) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("First:\n```python\nprint(1)\n```\nThen\n```python\ndef f():\n    return 1\n```", "def f():\n    return 1"),
        ("```\nimport math\ndef f():\n    return 1\n```\nExample:\n```\nf()\n```", "import math\ndef f():\n    return 1"),
        ("def f():\n    return 1", "def f():\n    return 1"),
    ],
)  # fmt: skip
def test_code_is_the_last_block_that_defines_something(text: str, answer: str) -> None:
    assert read_answer(text, code=True) == f"```python\n{answer}\n```"


def test_code_that_never_comes_is_no_answer() -> None:
    assert read_answer("I would write a loop.", code=True) is None


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Complete this function:\n\ndef add(a, b):\n    pass", True),
        ("Write a Python function that adds two numbers.", True),
        ("What does this program print? print(1)", False),
        ("How many pens has she?", False),
        ("Write a Python program that prints the first ten primes.", True),
        ('Write a "Hello, World!" program in C', True),
        ("Write the `is_prime(n)` function.", True),
        ("Give me Python code that sorts a list.", True),
        ("Write for me a bash script that renames files.", True),
        ("Write a SQL query for all who bought twice.", True),
        ("def add(a, b):\n    pass", True),
        ("def f(x):\n    return x + 1\n\nWhat is f(3)?", False),
        ("Rewrite this recursive function as an iterative one:", True),
        ("from 1337 subtract twice 245", False),
        ("Write a slogan promoting our mentoring program", False),
        ("Is it worth learning to write code in 2026?", False),
        ("Summarise this job ad:\n\nYou will write clean, tested code.\n\nIn two lines.", False),
        ("def f(x):\n    return x + 1\n\nExplain what this does.", False),
        ("Why does this print 3?\n\n```js\nreturn function() { write code }\n```", False),
        ("Can you write a function that adds?", True),
        ("I need a Python function that adds.", True),
        ("Create a 4-week workout program.", False),
        ("Write a movie script about a heist.", False),
        ("Write a code of conduct.", False),
        ("Which line of this code makes the program crash?", False),
        ("Does this code call the helper function twice?", False),
        ("Implement an LRU cache as a Python class.", True),
        ("Give me the whole function.", True),
        ("Give an overview of the Apollo program.", False),
        ("Write a summary of the function of the heart.", False),
        ("She has to give each class 30 pens. How many?", False),
    ],
)
def test_a_question_for_code_is_known(question: str, code: bool) -> None:  # noqa: FBT001
    assert asks_for_code(question) is code


@pytest.mark.parametrize(
    ("question", "python"),
    [
        ("Write a function that adds two numbers.", True),
        ("Write a Python function that builds a SQL string.", True),
        ("Write a JavaScript function that adds two numbers.", False),
        ("Write a program in C that prints primes.", False),
        ("Complete this function:\n\ndef to_css(a):\n    pass", True),
    ],
)
def test_a_language_that_is_named_is_known(question: str, python: bool) -> None:  # noqa: FBT001
    assert asks_for_code(question)
    assert asks_for_python(question) is python


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Write a short email to my landlord about the broken heating.", True),
        ("Translate to French: The cat sleeps.", True),
        ("Please summarise the following.\n\nIt rained. It rained again.", True),
        ("Why does bread rise?", True),
        ("How do I fold a fitted sheet?", True),
        ("Give me five ideas for a birthday.", True),
        ("Schreibe eine Mail an meinen Vermieter.", True),
        ("How many pens are in 6 boxes of 7?", False),
        ("Write the word 'parliament' backwards.", False),
        ("Write an equation for the line through (1, 2) and (3, 4).", False),
        ("Write a letter to my bank.", True),
        ("Write a Python function that adds.", False),
        ("What is the capital of Peru?", False),
        ("Which is larger, 2^10 or 10^3?", False),
        ("Tom has to write 3 letters a day. How many in a week?", False),
        ("Why is it so?\nA) heat\nB) cold", False),
    ],
)
def test_a_question_for_a_text_is_known(question: str, text: bool) -> None:  # noqa: FBT001
    assert asks_for_text(question) is text


@pytest.mark.parametrize("pasted", ["\n", " ", "A) ", "(A) ", ": ", "write ", "def f(x):\n"])
def test_a_question_of_many_of_the_same_is_read_soon(pasted: str) -> None:
    """Time grows with the length, not with its square: four times as much costs four times."""

    def took(times: int) -> float:
        asked = f"A. What is it?{pasted * times}x"
        began = time.process_time()
        asks_for_python(asked)
        asks_for_text(asked)
        return time.process_time() - began

    assert min(took(40_000) for _ in range(2)) < 9 * max(0.02, min(took(10_000) for _ in range(3)))


async def test_a_text_is_taken_as_it_stands() -> None:
    mail = "Dear Ms Hill,\n\nthe heating is cold.\n\nYours,\nSam"
    task = Task(prompt="Write an email to my landlord: the heating is cold.")
    run = ScriptedRun(task=task, script={"m1": [mail]})
    draft = await Conversation.begin(run, ME, temperature=0.0).draw(run)
    assert draft.answer == mail


def test_of_a_conversation_the_question_now_counts() -> None:
    said = "user: Write a Python function that reverses a string.\n\nassistant: ```python\ndef turned(s):\n    …```"
    asked = prompt("conversation", said=said, question="What is its time complexity?")
    assert question_now(asked) == "What is its time complexity?"
    assert not asks_for_code(asked)
    again = prompt("conversation", said="user: Hello.", question="Write a function.")
    assert asks_for_code(again)
    changed = prompt("conversation", said=said, question="Make it handle None, too.")
    assert asks_for_python(changed)
    script = "user: List files.\n\nassistant: ```bash\nls\n```"
    hidden = prompt("conversation", said=script, question="Add the hidden ones.")
    assert (asks_for_code(hidden), asks_for_python(hidden)) == (True, False)
    mail = f"user: Write to Sam.\n\nassistant: {'Dear Sam, it is cold here. ' * 10}"
    shorter = prompt("conversation", said=mail, question="Make it shorter.")
    assert (asks_for_code(shorter), asks_for_text(shorter)) == (False, True)
    sum_ = prompt("conversation", said="user: 6 * 7?\n\nassistant: 42", question="Add 3.")
    assert (asks_for_code(sum_), asks_for_text(sum_)) == (False, False)


def test_a_program_in_another_language_is_read_with_its_language() -> None:
    said = (
        "It adds.\n```c++\nint add(int a, int b) { return a + b; }\n```\nUse:\n```\nadd(1, 2)\n```"
    )
    assert read_answer(said, code=True) == "```c++\nint add(int a, int b) { return a + b; }\n```"
    script = "```python\nprint(sum(range(11)))\n```"
    assert read_answer(script, code=True) == script


async def test_a_sample_is_one_request_and_a_conversation_goes_on() -> None:
    run = ScriptedRun(
        task=Task(prompt="What is 6 * 7?"), script={"m1": ["six\nAnswer: 41", "Answer: 42"]}
    )
    talk = Conversation.begin(run, ME, temperature=0.7)
    draft = await talk.draw(run)
    assert (draft.answer, draft.reason) == ("41", "six")
    talk.say("Look again.")
    assert (await talk.draw(run)).answer == "42"
    assert run.calls[0][1].tools == ()
    assert run.calls[0][1].schema is None
    assert len(run.calls[1][1].messages) == 3


async def test_a_sample_without_an_answer_is_a_failure_and_not_text() -> None:
    cut = Reply(text="so we get", finish="length", spend=Spend())
    run = ScriptedRun(task=Task(prompt="What is 6 * 7?"), script={"m1": [cut]})
    with pytest.raises(ProviderError, match="was cut off"):
        await Conversation.begin(run, ME, temperature=0.7).draw(run)


async def test_a_conversation_of_samples_goes_on_with_another_model() -> None:
    run = ScriptedRun(
        task=Task(prompt="What is 6 * 7?"), script={"m1": ["Answer: 41", "Answer: 42"]}
    )
    talk = Conversation.begin(run, ME, temperature=0.7)
    await talk.draw(run)
    before = list(talk.messages)
    talk.switch("scripted:other")
    talk.say("Look again.")
    assert (await talk.draw(run)).member.model == "scripted:other"
    assert talk.messages[: len(before)] == before


@pytest.mark.parametrize("form", ["words", "brief"])
async def test_among_options_there_is_an_answer(form: Form) -> None:
    run = ScriptedRun(task=Task(prompt="Which?\nA) this\nB) that"), script={"m1": ["\\boxed{B}"]})
    talk = Conversation.begin(run, ME, temperature=0.0, form=form)
    assert (await talk.draw(run)).answer == "B"
    assert "cannot be determined" not in str(run.calls[0][1].messages)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Red\nYellow\nBlue", "Red\nYellow\nBlue"),
        ("```\n42\n```", "42"),
        ("It is \\boxed{42}.", "42"),
        (" 42 ", "42"),
    ],
)
async def test_a_brief_answer_is_kept_whole(said: str, answer: str) -> None:
    run = ScriptedRun(task=Task(prompt="Which?"), script={"m1": [said]})
    talk = Conversation.begin(run, ME, temperature=0.0, form="brief")
    assert (await talk.draw(run)).answer == answer
    assert run.calls[0][1].max_tokens == BRIEF_TOKENS


def test_a_box_after_a_marked_answer_wins_and_the_reason_stops_before_it() -> None:
    draft = draft_of(ME, "Answer: about 4\nNo: 2 + 3 = 5, so \\[ \\boxed{5} \\]")
    assert draft.answer == "5"
    assert draft.reason.endswith("2 + 3 = 5, so")
