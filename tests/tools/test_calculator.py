import operator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.core.errors import ToolRetry
from manyminds.tools.calculator.expression import evaluate, parse_expression, show
from manyminds.tools.calculator.tool import calculate
from manyminds.tools.calculator.units import convert, unit_names, unit_of


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2**64 % 7", "2"), ("comb(52, 5)", "2598960"), ("sqrt(16/9)", "4/3 = 1.33333333333…"),
        ("15% of 80", "12"), ("26.2 miles to km", "42.1648128 km"), ("0.1 + 0.2", "0.3"),
        ("32 fahrenheit to celsius", "0 °C"), ("2024-03-01 - 2023-12-25", "67 days"),
        ("2024-01-31 + 90 days", "2024-04-30"), ("weekday 2024-02-29", "Thursday"),
        ("round(2.5)", "2"), ("-7 // 2", "-4"), ("2^10", "1024"), ("6 × 7", "42"),
    ],
)  # fmt: skip
def test_it_computes_exactly(text: str, result: str) -> None:
    assert calculate(text) == result


@pytest.mark.parametrize(
    "text",
    ["", "1/0", "9**9**9", "factorial(10**9)", "__import__('os')", "(lambda: 1)()", "x + 1", "a.b",
     "[1]*10**9", "5 km to kg", "5 furlongz to km", "2024-02-30 - 2024-01-01", "(" * 500, "1" * 3_000,
     "sqrt(-1)", "log(0)", "2024-01-01 + 999999 weeks", "True + 1", "'a' * 9", "comb(10**6, 3)"],
)  # fmt: skip
def test_what_cannot_be_computed_is_told_to_the_model(text: str) -> None:
    with pytest.raises(ToolRetry):
        calculate(text)


numbers = st.fractions(min_value=-1000, max_value=1000, max_denominator=50)


@given(numbers, numbers, st.sampled_from(["+", "-", "*", "/"]))
def test_arithmetic_equals_fractions(a: Fraction, b: Fraction, sign: str) -> None:
    act = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign]
    text = f"({a}) {sign} ({b})"
    if sign == "/" and b == 0:
        with pytest.raises(ToolRetry):
            evaluate(parse_expression(text))
    else:
        assert evaluate(parse_expression(text)) == act(a, b)


@given(st.decimals(-(10**6), 10**6, places=6))
def test_decimals_are_written_back_as_they_are(number) -> None:
    value = evaluate(parse_expression(str(number)))
    assert Fraction(show(value)) == Fraction(number)


@given(numbers, st.sampled_from(sorted(unit_names())), st.sampled_from(sorted(unit_names())))
def test_converting_there_and_back_changes_nothing(n: Fraction, a: str, b: str) -> None:
    source, target = unit_of(a), unit_of(b)
    assert source is not None
    assert target is not None
    there = convert(n, source, target)
    if there is not None:
        assert convert(there, target, source) == n


@pytest.mark.parametrize("word", ["cats", "pens", "dots", "mats", "ants"])
def test_a_word_that_only_looks_like_a_unit_is_none(word: str) -> None:
    assert unit_of(word) is None
