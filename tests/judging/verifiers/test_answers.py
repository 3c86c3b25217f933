"""Right answers are accepted; wrong ones, mutated a thousand ways, never are."""

import random
from fractions import Fraction

import pytest

from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonSchema
from manyminds.core.protocols import Verifier
from manyminds.core.values import Candidate, Task, Verdict
from manyminds.judging.canonical import canonicalize
from manyminds.judging.verifiers import (
    Cited,
    Constraint,
    Constraints,
    Exact,
    NoRefusal,
    Numeric,
    Pattern,
    Schema,
    Steps,
    Symbolic,
)
from manyminds.testing import passage

pytestmark = pytest.mark.anyio
TASK = Task(prompt="What is it?")


def candidate(text: str, working: str = "") -> Candidate:
    return Candidate(text=text, author="m1", canonical=canonicalize(text), working=working)


async def outcome(verifier: Verifier, text: str, working: str = "") -> str:
    verdict: Verdict = await verifier.verify(TASK, candidate(text, working))
    assert verdict.verifier == verifier.name
    assert verdict.reason
    return verdict.outcome


SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "names": {"type": "array", "items": {"type": "string"}}},
    "required": ["n"],
    "additionalProperties": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("verifier", "right", "wrong"),
    [
        (Exact(expected="120"), "one hundred and twenty pens", "121"),
        (Exact(expected="cannot be determined"), "Cannot be determined.", "0"),
        (Exact(expected="{1, 2, 3}"), "3, 2 and 1", "1, 2"),
        (Numeric(expected="42 km"), "42000 m", "42 m"),
        (Numeric(expected="42 km"), "42", "42 kg"),
        (Numeric(expected="0.5 km"), "500 m", "50 %"),
        (Numeric(expected="50 %"), "0.5", "0.6"),
        (Numeric(expected="50 %"), "50", "5"),
        (Numeric(expected="50 %"), "50 percent", "50 km"),
        (Numeric(expected="0.5"), "50 %", "50"),
        (Numeric(expected="3.14159", relative=Fraction(1, 1000)), "3.14", "3.1"),
        (Numeric(expected="100", absolute=Fraction(2)), "101.5", "102.1"),
        (Symbolic(expected="(x + 1)**2"), "x**2 + 2*x + 1", "x**2 + 1"),
        (Symbolic(expected="1/2"), "\\frac{1}{2}", "1/3"),
        (Pattern(pattern=r"[A-Z]{3}-\d+"), "ABC-12", "ABC-12 or so"),
        (Schema(schema=SCHEMA), '{"n": 3, "names": ["a"]}', '{"n": "3"}'),
        (Schema(schema=SCHEMA), '{"n": 3}', "n = 3"),
        (Constraints(constraints=(Constraint(kind="at_most_words", value="3"),)), "one two three", "one two three four"),
        (Constraints(constraints=(Constraint(kind="multiple_of", value="7"), Constraint(kind="at_least", value="50"))), "56", "49"),
        (NoRefusal(), "Paris", "I'm sorry, but I can't help with that."),
        (NoRefusal(refusal_is_due=True), "I cannot help with that.", "Sure: first, take"),
    ],
)  # fmt: skip
async def test_right_is_accepted_and_wrong_is_not(verifier: Verifier, right: str, wrong: str) -> None:  # fmt: skip
    assert await outcome(verifier, right) == "accepted"
    assert await outcome(verifier, wrong) == "rejected"


@pytest.mark.parametrize("text", ["cannot be determined", "I can't say for sure, but 42", "sorry, it is 41"])  # fmt: skip
async def test_not_knowing_is_no_refusal(text: str) -> None:
    assert await outcome(NoRefusal(), text) == "accepted"


async def test_what_cannot_be_compared_is_unsure() -> None:
    assert await outcome(Numeric(expected="many"), "3") == "unsure"
    assert await outcome(Numeric(expected="42 km"), "42 pens") == "unsure"
    assert await outcome(Symbolic(expected="Paris"), "x") == "unsure"
    assert await outcome(Constraints(constraints=()), "x") == "unsure"
    assert await outcome(Cited(), "no quotes") == "unsure"


async def test_a_quote_must_stand_in_what_was_read() -> None:
    read = passage("The pump lifts water\nby nine metres.", source="pump.txt")
    good = Candidate(text='It says "lifts water by nine metres".', author="m1", canonical=canonicalize("x"), evidence=(read,))  # fmt: skip
    bad = Candidate(text='It says "lifts water by ten metres".', author="m1", canonical=canonicalize("x"), evidence=(read,))  # fmt: skip
    accepted = await Cited().verify(TASK, good)
    assert (accepted.outcome, accepted.evidence) == ("accepted", (read.id,))
    assert (await Cited().verify(TASK, bad)).outcome == "rejected"


async def test_a_wrong_step_is_named() -> None:
    verdict = await Steps().verify(TASK, candidate("54", "6 * 7 = 42\n42 + 10 = 54"))
    assert verdict.outcome == "rejected"
    assert "step 2" in verdict.reason
    assert "52, not 54" in verdict.reason


async def test_right_steps_prove_no_answer() -> None:
    assert await outcome(Steps(), "52", "6 * 7 = 42\n42 + 10 = 52") == "unsure"


def _mutated(rng: random.Random, value: Fraction) -> str:
    """Return a wrong answer that looks like the right one."""
    change = rng.choice((
        lambda v: v + rng.choice((1, -1, Fraction(1, 10), Fraction(1, 1000), 10)),
        lambda v: v * rng.choice((10, Fraction(1, 10), -1, 2, Fraction(1, 100))),
        lambda v: v + Fraction(1, 10**9),
    ))  # fmt: skip
    wrong = change(value) if value else Fraction(rng.randint(1, 9))
    text = str(wrong) if rng.random() < 0.5 or wrong.denominator != 1 else f"{int(wrong):,}"
    return rng.choice(("{}", "\\boxed{{{}}}", "**{}**", "The answer is {}.", "x = {}")).format(text)


async def test_no_mutated_wrong_answer_is_accepted() -> None:
    rng = random.Random(5)
    for _ in range(700):
        value = Fraction(rng.randint(-(10**6), 10**6), rng.choice((1, 1, 2, 3, 8, 100)))
        wrong = _mutated(rng, value)
        for verifier in (Exact(expected=str(value)), Numeric(expected=str(value)), Symbolic(expected=str(value))):  # fmt: skip
            assert await outcome(verifier, wrong) != "accepted", (value, wrong, verifier)
        assert await outcome(Exact(expected=str(value)), str(value)) == "accepted"


async def test_no_mutated_wrong_expression_is_accepted() -> None:
    rng = random.Random(6)
    for _ in range(150):
        a, b, c = (rng.randint(1, 9) for _ in range(3))
        right = f"{a}*x**2 + {b}*x + {c}"
        wrong = rng.choice((f"{a}*x**2 + {b}*x - {c}", f"{a}*x**3 + {b}*x + {c}", f"{a + 1}*x**2 + {b}*x + {c}", f"{a}*x**2 + {b}*y + {c}"))  # fmt: skip
        assert await outcome(Symbolic(expected=right), wrong) == "rejected"


async def test_no_mutated_wrong_json_is_accepted() -> None:
    rng = random.Random(7)
    for _ in range(150):
        n = rng.randint(0, 99)
        wrong = rng.choice((f'{{"n": "{n}"}}', f'{{"n": {n}.5}}', f'{{"m": {n}}}', f'{{"n": {n}, "x": 1}}', f'{{"n": {n}', f'{{"n": {n}, "names": [{n}]}}', f"[{n}]", "null"))  # fmt: skip
        assert await outcome(Schema(schema=SCHEMA), wrong) == "rejected"


async def test_no_mutated_wrong_quantity_is_accepted() -> None:
    rng = random.Random(8)
    for _ in range(300):
        value = rng.randint(2, 9_000)
        right = Numeric(expected=f"{value} km")
        assert await outcome(right, rng.choice((f"{value} km", f"{value * 1000} m", f"{value}"))) == "accepted"  # fmt: skip
        wrong = rng.choice((
            f"{value} m", f"{value} kg", f"{value + 1} km", f"{value * 1000 + 1} m", f"{value} %",
            f"-{value} km", f"{value} pens", f"{value * 100} cm", f"{value} miles", f"{value} km²",
        ))  # fmt: skip
        assert await outcome(right, wrong) != "accepted", (value, wrong)


async def test_no_mutated_wrong_text_is_accepted() -> None:
    """Of patterns, conditions and quotes."""
    rng = random.Random(9)
    read = passage("The pump lifts 4000 litres an hour by nine metres.", source="pump.txt")
    for _ in range(150):
        number = rng.randint(1000, 9999)
        code = f"AB{number}"
        place = rng.randrange(len(code))
        wrong = rng.choice((code[:place] + "é" + code[place + 1 :], code[:-1], f"{code}0", code.lower(), f"x{code}"))  # fmt: skip
        assert await outcome(Pattern(pattern=r"[A-Z]{2}\d{4}"), code) == "accepted"
        assert await outcome(Pattern(pattern=r"[A-Z]{2}\d{4}"), wrong) == "rejected"
        most = Constraints(constraints=(Constraint(kind="at_most_words", value="5"), Constraint(kind="excludes", value="foo"), Constraint(kind="multiple_of", value="7")))  # fmt: skip
        assert await outcome(most, str(7 * number)) == "accepted"
        assert await outcome(most, str(7 * number + rng.randint(1, 6))) == "rejected"
        said = f"lifts {rng.choice([number, 400, 40000, '4000 liters', '4,001'])} litres an hour"
        if said != "lifts 4000 litres an hour":
            quoted = Candidate(text=f'It says "{said}".', author="m1", canonical=canonicalize("x"), evidence=(read,))  # fmt: skip
            assert (await Cited().verify(TASK, quoted)).outcome == "rejected", said


@pytest.mark.parametrize("text", ["at_most_words=abc", "lines=", "at_least=many", "multiple_of=0", "integer=3", "contains="])  # fmt: skip
def test_a_condition_that_cannot_be_checked_is_told_at_once(text: str) -> None:
    kind, _, value = text.partition("=")
    with pytest.raises(UsageError, match=f"the constraint {kind} wants"):
        Constraint(kind=kind, value=value)  # pyright: ignore[reportArgumentType]
