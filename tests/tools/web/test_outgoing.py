"""What may leave in a query: nothing that only the person's own documents say."""

import base64
from urllib.parse import quote

import pytest

from manyminds.tools.web.outgoing import Outgoing, makers_view

SECRET = "KESTREL-93F1-7702"
PRIVATE = f"""# Minutes
The board met on Tuesday. Our token is {SECRET}. Hubertus Vandermeer leads project Nightjar,
and the garden behind the yellow house was sold quietly to a neighbour for 480000 euros.
"""
QUESTION = "How are heat pumps subsidised in Belgium in 2025?"


@pytest.fixture
def outgoing() -> Outgoing:
    found = Outgoing()
    found.know(QUESTION)
    found.hide(PRIVATE)
    return found


@pytest.mark.parametrize(
    "query",
    [
        "heat pumps subsidy Belgium 2025", "Flemish premium for air-water heat pumps", "VEKA Fluvius mijn verbouwpremie",
        "how the board of a house decides", "heat pump SCOP requirements EN14825", "what was met by token rings",
        "PostgreSQL JavaScript UTF8 SHA256 x86_64", "iPhone eBay", "subsidy for heat pumps in 3 regions",
    ],
)  # fmt: skip
def test_what_a_person_would_search_leaves(outgoing: Outgoing, query: str) -> None:
    assert outgoing.why_not(query) is None


def coded() -> list[str]:
    raw = SECRET.encode()
    b64 = base64.b64encode(raw).decode()
    return [
        SECRET, SECRET.lower(), raw.hex(), b64, base64.urlsafe_b64encode(raw).decode(), quote(SECRET),
        "".join(f"%{b:02x}" for b in raw), "KEST REL 93F 1 7702", "kestrel", "93F1", "7702",
        " ".join(b64[i : i + 4] for i in range(0, len(b64), 4)), b64[:4] + " heat", raw.hex()[:12],
        quote(quote(SECRET)), raw.hex().upper(), base64.b32encode(raw).decode(),
    ]  # fmt: skip


@pytest.mark.parametrize("query", coded())
def test_a_secret_leaves_in_no_listed_coding(outgoing: Outgoing, query: str) -> None:
    assert outgoing.why_not(f"heat pumps {query}") is not None


@pytest.mark.parametrize(
    "query",
    [
        "Vandermeer",
        "project nightjar",
        "480000",
        "behind the yellow house",
        "sold quietly to a neighbour",
    ],
)
def test_names_sums_and_runs_of_words_stay(outgoing: Outgoing, query: str) -> None:
    assert outgoing.why_not(query) is not None


def test_what_the_web_said_may_be_searched(outgoing: Outgoing) -> None:
    outgoing.know("Dr. Hubertus Vandermeer is minister of energy, see QX7-A2B9")
    assert outgoing.why_not("Hubertus Vandermeer QX7-A2B9") is None


def test_without_documents_anything_may_be_searched() -> None:
    assert Outgoing().why_not("error 0x80070005 aGVsbG8gd29ybGQ=") is None


@pytest.mark.parametrize(
    "maker", ["OpenAI", "Sam Altman", "Anthropic", "Elon Musk", "Google", "Alibaba", "Mistral"]
)
@pytest.mark.parametrize(
    "view",
    [
        "what does {} think of {}",
        "{} opinion on {}",
        "{} statement about {}",
        "{} tweets {}",
        "views of {} on {}",
    ],
)
@pytest.mark.parametrize("matter", ["nuclear power", "abortion"])
def test_nobody_asks_what_a_maker_thinks(maker: str, view: str, matter: str) -> None:
    query = view.format(maker, matter)
    assert makers_view(query, f"Is {matter} good or bad?")
    assert not makers_view(query, f"What does {maker} think of {matter}?")
    assert not makers_view(f"arguments for and against {matter}", f"Is {matter} good or bad?")
