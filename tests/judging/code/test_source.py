from manyminds.judging.code.calls import calls_for, main_function
from manyminds.judging.code.source import (
    definitions_of,
    functions_in,
    program_of,
    wrong_syntax,
)

QUESTION = '''Complete this function.

```python
import math

def poly(xs, x):
    """Evaluate."""
    return sum(c * math.pow(x, i) for i, c in enumerate(xs))


def find_zero(xs: list):
    """ Find x such that poly(x) = 0.
    >>> round(find_zero([1, 2]), 2)
    -0.5
    """
```'''
ANSWER = "```python\ndef find_zero(xs):\n    return -xs[0] / xs[1]\n```"


def test_an_answer_stands_on_what_the_question_gives() -> None:
    program = program_of(QUESTION, ANSWER)
    assert set(functions_in(program)) == {"poly", "find_zero"}
    assert program.startswith("import math")


def test_an_answer_that_repeats_a_helper_keeps_its_own() -> None:
    own = "```python\ndef poly(xs, x):\n    return 1\n\ndef find_zero(xs):\n    return 2\n```"
    assert program_of(QUESTION, own).count("def poly") == 1


def test_the_function_asked_for_is_the_one_named_last() -> None:
    assert main_function(QUESTION, [ANSWER]) == "find_zero"


def test_calls_are_the_examples_then_variations() -> None:
    question = "Write add(a, b). add(1, 2) == 3 and add(-1, 1) == 0."
    examples, calls = calls_for(question, "def add(a, b):\n    return a + b")
    assert [e.expected for e in examples] == ["3", "0"]
    assert calls[:2] == ["add(1, 2)", "add(-1, 1)"]
    assert "add(0, 2)" in calls


def test_without_examples_annotations_say_what_to_call() -> None:
    question = "Write f, which joins words."
    _, calls = calls_for(question, "def f(words: list[str], by: str) -> str:\n    return ''")
    assert calls[0] == "f([], 'a')"
    assert calls_for(question, "def f(words, by):\n    return ''")[1] == []


def test_what_a_program_does_on_its_own_is_left_out_of_judging() -> None:
    program = "import math\nLIMIT = 3\ndef f(x):\n    return x\nprint(f(1))\nassert f(1) == 2\nif __name__ == '__main__':\n    f(input())"
    kept = definitions_of(program)
    assert set(functions_in(kept)) == {"f"}
    assert "LIMIT = 3" in kept
    assert "print" not in kept
    assert "assert" not in kept
    assert "input" not in kept


def test_wrong_syntax_is_named_with_its_line() -> None:
    assert (
        wrong_syntax("def f(x):\n    roman numeral = 1")
        == "it is not valid Python: invalid syntax in line 2"
    )
    assert wrong_syntax("def f(x):\n    return x") is None
