from manyminds.judging.behaviour import behaviour_of, probe_calls, probe_program

QUESTION = "Write a function add(a, b). Examples: add(1, 2) == 3 and add(-1, 1) == 0."
PLAIN = "def add(a, b):\n    return a + b"
OTHER_WAY = "```python\ndef add(x, y):\n    return sum((x, y))\n```"
WRONG = "def add(a, b):\n    return abs(a) + b"


def behave(answer: str) -> str | None:
    """Run the probe here: it is our own code, not a model's."""
    lines: list[str] = []
    program = probe_program(answer, probe_calls(QUESTION, answer))
    exec(program, {"print": lines.append})
    form = behaviour_of("\n".join(lines))
    return None if form is None else form.key


def test_calls_are_the_examples_and_their_variations() -> None:
    calls = probe_calls(QUESTION, PLAIN)
    assert calls[:2] == ["add(1, 2)", "add(-1, 1)"]
    assert "add(0, 2)" in calls


def test_code_that_does_the_same_has_one_form() -> None:
    assert behave(PLAIN) == behave(OTHER_WAY)


def test_code_that_does_something_else_has_another() -> None:
    assert behave(PLAIN) != behave(WRONG)


def test_without_examples_there_is_nothing_to_compare_by() -> None:
    assert probe_calls("Write add.", PLAIN) == []
    assert behaviour_of("no word of it") is None
