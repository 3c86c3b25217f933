"""Cases where one member of four holds a checkable proof, and cases where the majority is right."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Case:
    question: str
    expression: str
    """What the calculator proves the right answer with."""
    right: str
    wrong: str
    """What most people would say."""


CASES = tuple(
    Case(question=q, expression=e, right=r, wrong=w)
    for q, e, r, w in (
        ("What is 17 % of 2350?", "17% of 2350", "399.5", "395"),
        ("What is 2**31 - 1?", "2**31 - 1", "2147483647", "2147483648"),
        ("How many ways to choose 5 of 52?", "comb(52, 5)", "2598960", "2598690"),
        ("What is 13 * 17 * 19?", "13*17*19", "4199", "4189"),
        ("What is 1/3 + 1/6?", "1/3 + 1/6", "0.5", "2/9"),
        ("How many days from 2023-12-25 to 2024-03-01?", "2024-03-01 - 2023-12-25", "67", "66"),
        ("What day was 29 February 2024?", "weekday 2024-02-29", "Thursday", "Wednesday"),
        ("What is 90 days after 31 January 2024?", "2024-01-31 + 90 days", "2024-04-30", "2024-05-01"),
        ("How many km are 26.2 miles?", "26.2 miles to km", "42.1648128 km", "42.195 km"),
        ("What is 100 °F in °C, as a fraction?", "100 °F to °C", "340/9", "37"),
        ("What is 7 factorial?", "factorial(7)", "5040", "720"),
        ("What is the gcd of 462 and 1071?", "gcd(462, 1071)", "21", "7"),
        ("What is the lcm of 12 and 18?", "lcm(12, 18)", "36", "216"),
        ("What is -7 // 2 in Python?", "-7 // 2", "-4", "-3"),
        ("What is -7 % 3 in Python?", "-7 % 3", "2", "-1"),
        ("What is 0.1 + 0.2, exactly?", "0.1 + 0.2", "0.3", "0.31"),
        ("What is 3 hours in minutes?", "3 hours to minutes", "180 min", "300 min"),
        ("How many square feet are 10 square yards?", "10 square yards to square feet", "90", "30"),
        ("What is sqrt(16/9)?", "sqrt(16/9)", "4/3", "1.3"),
        ("What is 2**10 * 5**10?", "2**10 * 5**10", "10000000000", "1000000000"),
        ("How many bytes are 3 MiB?", "3 MiB to bytes", "3145728", "3000000"),
        ("What is 999 * 999?", "999*999", "998001", "999001"),
        ("What is 1.1 - 1 - 0.05 in euro?", "1.1 - 1 - 0.05", "0.05", "0.1"),
        ("What is floor(-2.5)?", "floor(-2.5)", "-3", "-2"),
        ("How many hands of 2 cards in 52?", "comb(52, 2)", "1326", "2652"),
        ("What is 15 % of 80 plus 3?", "15% of 80 + 3*100/15", "15", "12"),
        ("What is 6 * 9?", "6*9", "54", "42"),
        ("What is 12 weeks after 1 March 2024?", "2024-03-01 + 12 weeks", "2024-05-24", "2024-05-23"),
    )
)  # fmt: skip
