import pytest

from manyminds.judging.code.examples import Example, examples_in

DOCTEST = '''def near(numbers, gap):
    """ Say whether any two are closer than gap.
    >>> near([1.0, 2.0], 0.5)
    False
    >>> round(near([1.0, 2.8], 0.3), 2)  # rounded
    1.0
    """
'''


def pairs(question: str, *names: str) -> list[tuple[str, str]]:
    return [(e.call, e.expected) for e in examples_in(question, names)]


def test_doctests_are_read_with_what_stands_around_the_call() -> None:
    found = pairs(DOCTEST, "near")
    assert found == [("near([1.0, 2.0], 0.5)", "False"), ("round(near([1.0, 2.8], 0.3), 2)", "1.0")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("f(1, 2) == 3", "3"),
        ("f(1, 2) = 3", "3"),
        ("f(1, 2) ==> [3, 4]", "[3, 4]"),
        ("f(1, 2) => {'a': 1}.", "{'a': 1}"),
        ("f(1, 2) -> 'x y'", "'x y'"),
        ("f(1, 2) ➞ -3", "-3"),
        ("f(1, 2) # returns 3", "3"),
        ("f(1, 2) should return True.", "True"),
        ("f(1, 2) returns None", "None"),
        ("f(1, 2) is (3, 4), as one sees", "(3, 4)"),
        ("f(1, 2) -> 19 - 5 - 6 = 8", "8"),
    ],
)
def test_lines_of_many_kinds_are_read(line: str, expected: str) -> None:
    assert pairs(f"For example:\n    {line}\n", "f") == [("f(1, 2)", expected)]


@pytest.mark.parametrize(
    "line",
    ["f(x) == 3", "f(1, 2) of the list", "f(os.system('x')) == 3", "g(1) == 2", "f(1, 2", "f(1) == y"],
)  # fmt: skip
def test_what_is_no_literal_is_no_example(line: str) -> None:
    assert pairs(line, "f") == []


def test_brackets_in_quotes_do_not_end_a_call() -> None:
    assert examples_in("f(')(') == '('", ["f"]) == [Example(call="f(')(')", expected="'('")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example:\n    Input: [4, 2, 3]\n    Output: [2, 1]\n", ("f([4, 2, 3])", "[2, 1]")),
        ("Input: arr = [-3, 4], k = 1\n  Output: [4]", ("f([-3, 4], 1)", "[4]")),
        ('For s = "abcde", c = "ae", the result should be ("bcd", False)', ("f('abcde', 'ae')", '("bcd", False)')),
        ("f(2) => true", ("f(2)", "True")),
    ],
)  # fmt: skip
def test_described_examples_are_read(text: str, expected: tuple[str, str]) -> None:
    assert pairs(f"def f(s, c):\n    '''{text}'''", "f") == [expected]
