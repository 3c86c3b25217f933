"""A panel that does not agree: one of four is right, a check finds it out, and minds change."""

from manyminds.testing import act, final
from tests.stub import Body

QUESTION = "How many Fridays fall on the 13th of a month in 2026?"
COUNT = (
    "import datetime\n"
    "days = [datetime.date(2026, month, 13) for month in range(1, 13)]\n"
    "print(sum(day.weekday() == 4 for day in days))"
)
CRUX = "Which months of 2026 have a Friday the 13th?"


def dispute(body: Body) -> str:
    """Play whichever member is asked: who it is stands at the end of its question."""
    said = [str(message["content"]) for message in body["messages"]]
    way, last = said[min(1, len(said) - 1)], said[-1]
    if "Name the points on which they part" in last:
        return f'{{"cruxes": ["{CRUX}"]}}'
    if any("They part on this point" in text for text in said):
        return _computed(said, "a program of its own counts February, March and November")
    if "short Python program" in way:
        return final("3", reason="February, March and November", confidence=95)
    if any("Other workers answered the same question" in text for text in said):
        if "try to prove it wrong" in way:
            return final("2", reason="two is what most years have", confidence=60)
        return final("3", reason="the check counts three, and I had left out November")
    return final("2", reason="February and March, as both begin on a Sunday", confidence=70)


def _computed(said: list[str], reason: str) -> str:
    if not any("weekday() == 4" in text for text in said[2:]):
        return act("python", code=COUNT)
    return final("3", reason=reason, confidence=95)
