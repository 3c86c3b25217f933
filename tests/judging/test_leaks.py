import pytest

from manyminds.judging.canonical import canonicalize
from manyminds.judging.leaks import gives_away

PENS = "Each of 6 boxes holds 7 pens. How many pens are there?"
TOWN = "What is the capital of Belgium?"
SPLIT = "Write a function that splits a list."


@pytest.mark.parametrize(
    ("question", "answer", "text", "given"),
    [
        (PENS, "42", "Multiply the boxes by the pens in each.", False),
        (PENS, "42", "Think of 6 rows of 7.", False),
        (PENS, "42", "You should get 42.", True),
        (PENS, "42", "It is forty-two, of course.", True),
        (PENS, "42", "It is forty two.", True),
        (PENS, "42 pens", "It is 42.0 in all.", True),
        (PENS, "42", "It is 420 or 4.2, who knows.", False),
        ("How much is 1,000 + 234?", "1,234", "Not far from 1234.", True),
        ("How many of 7 are 7?", "7", "All seven of them.", False),
        (TOWN, "Brussels", "It is where the European Commission sits.", False),
        (TOWN, "Brussels", "Think of sprouts: brussels sprouts.", True),
        (TOWN, "Brussels", "BRUSSELS", True),
        ("Is 91 a prime?", "no", "Try to divide it by small primes.", False),
        ("Is 91 a prime?", "no", "No, try small primes.", True),
        (SPLIT, "```python\ndef split(x):\n    return x\n```", "Think of where each piece begins.", False),
        (SPLIT, "```python\ndef split(x):\n    return x\n```", "def split(x): ...", True),
        ("Who wrote it?", "a long answer that goes on and on about who wrote it and why he did that", "that goes on and on", True),
    ],
)  # fmt: skip
def test_what_gives_an_answer_away_is_found(question: str, answer: str, text: str, given: bool) -> None:  # fmt: skip  # noqa: FBT001
    canonical = canonicalize(answer, question=question)
    assert gives_away(text, answer=answer, canonical=canonical, question=question) is given
