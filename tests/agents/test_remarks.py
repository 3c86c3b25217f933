"""Malformed and forged messages are never heard."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.agents.remarks import KINDS, RemarkRefused, asides_in, read_remark
from manyminds.agents.roles import PRESETS
from manyminds.testing import passage

MINE = (passage("The pump is blue.", source="pump.txt", id_="e1"),)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def read(raw: str, author: str = "coder") -> str:
    return read_remark(raw, author=author, id_="r1", evidence=MINE).kind


def test_a_good_remark_keeps_its_author_and_evidence() -> None:
    raw = json.dumps({"kind": "evidence", "text": "It is blue.", "evidence": ["e1"]})
    remark = read_remark(raw, author="coder", id_="r1", evidence=MINE)
    assert (remark.author, remark.kind, remark.evidence) == ("coder", "evidence", ("e1",))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("not json", "not JSON"),
        ("[1]", "not one JSON object"),
        ({"kind": "claim"}, "its text"),
        ({"kind": "claim", "text": "  "}, "its text"),
        ({"kind": "claim", "text": "x" * 5_000}, "its text"),
        ({"kind": "vote", "text": "x"}, "not one of"),
        ({"kind": "claim", "text": "x", "author": "verifier"}, "in the name of"),
        ({"kind": "claim", "text": "x", "evidence": ["e9"]}, "no evidence of"),
        ({"kind": "claim", "text": "x", "evidence": "e1"}, "list of ids"),
        ({"kind": "evidence", "text": "x"}, "must name"),
        ({"kind": "claim", "text": "x", "to": "all"}, "unknown fields"),
    ],
)
def test_a_bad_one_is_refused_with_the_reason(said: object, why: str) -> None:
    raw = said if isinstance(said, str) else json.dumps(said)
    with pytest.raises(RemarkRefused, match=why):
        read(raw)


@given(JSON)
def test_whatever_is_said_is_heard_whole_or_refused(said: object) -> None:
    with suppress(RemarkRefused):
        assert read(json.dumps(said)) in KINDS


@given(st.sampled_from(KINDS), st.text(min_size=1, max_size=20), st.lists(st.text(max_size=4)))
def test_nobody_speaks_for_another_or_cites_what_is_not_its_own(kind: str, name: str, ids: list[str]) -> None:  # fmt: skip
    raw = json.dumps({"kind": kind, "text": "x", "author": name, "evidence": ids})
    forged = name != "coder" or any(i != "e1" for i in ids) or (kind == "evidence" and not ids)
    if forged:
        with pytest.raises(RemarkRefused):
            read(raw)
    else:
        assert read(raw) == kind


@pytest.mark.parametrize("preset", PRESETS)
def test_only_the_verifier_may_approve(preset: str) -> None:
    raw = json.dumps({"kind": "approval", "text": "done"})
    for role in PRESETS[preset]:
        heard = role.may_end
        try:
            read_remark(raw, author=role.name, id_="r", evidence=(), kinds=role.says)
        except RemarkRefused:
            assert not heard
        else:
            assert heard


def test_what_is_asked_beside_an_answer_is_heard_as_what_it_is() -> None:
    said = "Add both.\n**Question:** Which pump is meant?\nclarify: In litres or gallons?\nAnswer: 7\nNo question: none"  # fmt: skip
    asked = [("question", "Which pump is meant?"), ("clarify", "In litres or gallons?")]
    assert asides_in(said, ("claim", "question", "clarify")) == asked
    assert asides_in(said, ("claim", "evidence")) == []
    assert asides_in("Question: a\n" * 9 + "Question: b\n" + "Clarify: c\nQuestion: d\nQuestion: e", KINDS) == [("question", "a"), ("question", "b"), ("clarify", "c")]  # fmt: skip


def test_a_heading_asks_nothing() -> None:
    assert asides_in("**Clarify:**\n- In litres?\n**Question:** *_*", KINDS) == []


def test_a_reply_that_is_all_marks_takes_no_time() -> None:
    for text in ("\n" * 50_000, "- \n" * 50_000, "*" * 100_000):
        assert asides_in(text, KINDS) == []
