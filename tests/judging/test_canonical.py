from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.judging.canonical import canonicalize, same

EQUAL = [
    ("120", "120.0", "one hundred and twenty pens", "\\boxed{120}", "The answer is 120.", "**120**"),
    ("3/4", "0.75", "\\frac{3}{4}", "75%", "three quarters", "$\\dfrac{3}{4}$"),
    ("1,234,567", "1234567", "1.234567e6", "1.234567 x 10^6"),
    ("12 km", "12000 m", "12km", "12,000 metres"),
    ("$5", "5 dollars", "five dollars", "5 USD"),
    ("yes", "Yes.", "Yes, because it is even", "true"),
    ("(B)", "B)", "option B", "(B) Brussels", "Answer: (b)"),
    ("March 3, 2024", "2024-03-03", "Sunday, 3 March 2024", "3rd of March 2024"),
    ("2, 3 and 5", "{5, 3, 2}", "[2, 3, 5]", "5, 2, 3"),
    ("x^2+2x+1", "(x+1)^2", "1 + 2*x + x**2"),
    ("2*sqrt(2)", "\\sqrt{8}", "2√2"),
    ("x+y", "y + x"),
    ("Brussels", "the Brussels.", "BRUSSELS", '"Brussels"'),
    ("def f(x):\n    return x + 1", "```python\ndef f(x):\n  return x+1  # one more\n```"),
    ('{"a": 1, "b": 2}', '{"b":2,"a":1}'),
    ("0.30000000000000004", "0.3"),
    ("1 1/2 hours", "90 minutes", "1.5 h"),
    ("-5", "\u22125", "minus 5"),
    ("100 °C", "212 °F", "373.15 K"),
    ("3", "The number of times the letter r occurs in it is 3.", "There are 3 of them.", "There were exactly 3 letters"),
    ("cannot be determined", "It cannot be determined.", "not enough information", "\\text{cannot be determined}"),
    ("Evelyn", "\\text{Evelyn}", "$\\textbf{Evelyn}$"),
    ("3 PM", "3:00 p.m.", "3pm"),
]  # fmt: skip
DIFFERENT = [
    ("3 PM", "3 AM"),
    ("3 PM CET", "3 PM EST"),
    ("a) 12 b) 14", "a) 15 b) 16"),
    ("Yes", "Yes, but only with written consent"),
    ("120", "121"),
    ("12 km", "12 m"),
    ("yes", "no"),
    ("(A)", "(B)"),
    ("2, 3", "2, 3, 5"),
    ("x^2", "2*x"),
    ("7th", "7"),
    ("Brussels", "Antwerp"),
    ("2024-03-03", "2024-03-04"),
    ("03/04/2024", "2024-03-04"),
    ("0.1", "0.10000001"),
    ("5", "$5000"),
    ("3", "The answer is not 3 but it is even."),
    ("4", "There are 5 of them."),
    ("x > 3", "x < 3"),
    ("O(n^2)", "O(n2)"),
    ("J. K. Rowling", "J. R. R. Tolkien"),
    ("E. coli", "E. faecalis"),
    ("Alice is older than Bob", "Carol is older than Bob"),
    ("True False", "True True"),
    ("No. 5", "no"),
    ("No, it is 5", "No, it is 7"),
    ("3-2", "4-3"),
    ("1990-1995", "2000-2005"),
    ("(0, 1]", "[0, 1)"),
    ("None", "cannot be determined"),
]


HOW_MANY = [
    ("Paisley ran 4 miles", "4 miles"),
    ("each razor will cost 150 cents after the discount", "150 cents"),
    ("Tom saves $1,250.50 in total each year", "$1250.50"),
    ("It has 2 million people in it", "2000000"),
    ("He has 2 dozen eggs left now", "24"),
    ("It rose by 2.5% in one year", "0.025"),
]  # fmt: skip
"""Sentences that tell one number, and the number."""
NOT_ONE_NUMBER = [
    "Paisley ran more than 4 miles", "She has 3 of the 7 apples", "They are 4th in the row",
    "He ran 3x as far as before", "It takes 1 and a half times as long", "It is x3 then or so",
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "number"), HOW_MANY)
def test_a_sentence_that_tells_how_many_is_its_number(sentence: str, number: str) -> None:
    """Only where the question asks how many."""
    assert same(canonicalize(sentence, question="How much is it?"), canonicalize(number))


@pytest.mark.parametrize("sentence", NOT_ONE_NUMBER)
def test_a_sentence_that_tells_another_thing_is_no_number(sentence: str) -> None:
    """Bounds, ranks and several numbers stay what they are."""
    assert canonicalize(sentence, question="How much is it?").kind not in ("number", "quantity")


@pytest.mark.parametrize("texts", EQUAL, ids=lambda texts: texts[0][:20])
def test_equal_answers_share_one_form(texts: tuple[str, ...]) -> None:
    first = canonicalize(texts[0])
    assert [t for t in texts if not same(canonicalize(t), first)] == []


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_answers_do_not(a: str, b: str) -> None:
    assert not same(canonicalize(a), canonicalize(b))


def test_a_bare_number_equals_the_same_number_with_its_unit() -> None:
    assert same(canonicalize("120 m"), canonicalize("120"))
    assert not same(canonicalize("0.12 km"), canonicalize("120"))


def test_the_question_says_whether_a_percentage_is_meant() -> None:
    asked = "What percentage is that?"
    assert same(canonicalize("12%", question=asked), canonicalize("12", question=asked))
    assert not same(canonicalize("12%"), canonicalize("12"))


def test_the_question_says_whether_order_counts() -> None:
    asked = "In which order do they arrive?"
    first, second = (canonicalize(t, question=asked) for t in ("Ann, Bob", "Bob, Ann"))
    assert first.kind == "list"
    assert first.key != second.key


def test_an_empty_answer_equals_nothing() -> None:
    assert not same(canonicalize(""), canonicalize(""))


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "😀", "(" * 5_000, "9" * 10_000, "9**9**9**9", "\\frac{" * 300, "=" * 500,
     "one " * 3_000, "[" * 3_000, "a" * 200_000, "1/0", "sqrt(-1)", "x" + "+x" * 2_000],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_no_text_is_too_odd(text: str) -> None:
    assert len(canonicalize(text).key) < 400


@given(st.integers(-(10**30), 10**30))
def test_whole_numbers_are_one_however_they_are_written(n: int) -> None:
    ways = [str(n), f"{n:,}", f"{n}.0", f"\\boxed{{{n}}}", f"The answer is {n}.", f"{n} apples"]
    assert {canonicalize(way).key for way in ways} == {str(n)}


@given(st.fractions(max_denominator=10_000))
def test_fractions_equal_their_latex(f: Fraction) -> None:
    top, bottom = f.numerator, f.denominator
    latex = f"\\frac{{{top}}}{{{bottom}}}"
    assert same(canonicalize(f"{top}/{bottom}"), canonicalize(latex))


@given(st.lists(st.integers(0, 99), min_size=2, max_size=8), st.randoms())
def test_a_list_without_order_equals_its_shuffle(numbers: list[int], rnd) -> None:
    shuffled = list(numbers)
    rnd.shuffle(shuffled)
    join = ", ".join
    assert same(canonicalize(join(map(str, numbers))), canonicalize(join(map(str, shuffled))))


@given(st.text(max_size=200))
def test_a_form_is_the_form_of_itself_again(text: str) -> None:
    once = canonicalize(text)
    assert canonicalize(text) == once
    if once.kind == "number":
        assert canonicalize(once.key).key == once.key


def test_options_are_read_where_they_are_offered() -> None:
    asked = "Which one? A. Antwerp B. Brussels C. Ghent"
    assert same(canonicalize("B. Brussels", question=asked), canonicalize("B", question=asked))


def test_a_huge_fraction_is_still_a_number() -> None:
    assert canonicalize("10**999/3").kind in ("number", "expression", "text")


@pytest.mark.parametrize(
    "question",
    [
        "Where do trams run?\nA) Paris\nB) Lyon",
        "Where do trams run?\na) Paris\nb) Lyon",
        "Where do trams run? (A) Paris (B) Lyon",
    ],
)
@pytest.mark.parametrize("said", ["B", "b", "b)", "B) Lyon", "(b) Lyon", "Lyon", "option B"])
def test_an_option_is_its_letter_and_its_text(question: str, said: str) -> None:
    assert canonicalize(said, question=question).key == "B"
    assert canonicalize(said, question=question).kind == "choice"


def test_parts_of_a_question_are_no_options() -> None:
    question = "A room is 3 by 4 m.\na) Find the area.\nb) Find the perimeter."
    a, b = (canonicalize(said, question=question) for said in ("a) 12 b) 14", "a) 12 b) 15"))
    assert not same(a, b)


def test_a_time_is_read_where_one_is_asked_for() -> None:
    when = "When does the train leave?"
    assert same(canonicalize("15:05", question=when), canonicalize("3:05 PM", question=when))
    assert canonicalize("2:15", question="What is the ratio?").key != "02:15"


def test_a_text_that_was_written_is_prose() -> None:
    assert canonicalize("Dear Ms Hill,\n\nthe heating has been cold.\n\nSam").kind == "prose"
    assert canonicalize("- red\n- green\n- blue").kind != "prose"
    assert canonicalize("Mercury\nVenus\nEarth").kind != "prose"
