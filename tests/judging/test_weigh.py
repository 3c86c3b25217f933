from hypothesis import given
from hypothesis import strategies as st

from manyminds.core.values import Canonical, Note, Ruling, Support, Verdict
from manyminds.judging.canonical import canonicalize
from manyminds.judging.compare import group_notes
from manyminds.judging.weigh import weigh


def note(member: str, answer: str) -> Note:
    return Note(member=member, round=1, answer=answer, canonical=canonicalize(answer), reason="")


def verdict(outcome: str) -> Verdict:
    known = "accepted" if outcome == "accepted" else "unsure"
    return Verdict(outcome=known, reason="r", verifier="backed")


def ruling(answer: str, support: Support) -> Ruling:
    form: Canonical = canonicalize(answer)
    return Ruling(crux="c", canonical=form, support=support, reason="r")


def best(answers: list[str], backed: set[int], rulings: list[Ruling]) -> str:
    notes = [note(f"m{i}", a) for i, a in enumerate(answers)]
    verdicts = {f"m{i}": verdict("accepted") for i in backed}
    return weigh(group_notes(notes), notes, verdicts, rulings).groups[0].canonical.key


def test_more_votes_win_where_nothing_else_is_known() -> None:
    assert best(["1", "2", "1", "3"], set(), []) == "1"


def test_one_checked_proof_outweighs_three_votes() -> None:
    assert best(["1", "1", "1", "2"], {3}, []) == "2"


def test_three_proofs_outweigh_one() -> None:
    assert best(["1", "1", "1", "2"], {0, 1, 3}, []) == "1"


def test_a_ruling_outweighs_a_proof() -> None:
    assert best(["1", "1", "2", "2"], {2}, [ruling("1", "supported")]) == "1"


@given(st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=8), st.data())
def test_support_never_hurts_and_confidence_is_a_share(answers: list[str], data) -> None:
    notes = [note(f"m{i}", a) for i, a in enumerate(answers)]
    backed = data.draw(st.sets(st.integers(0, len(answers) - 1)))
    verdicts = {f"m{i}": verdict("accepted") for i in backed}
    groups = group_notes(notes)
    plain = weigh(groups, notes, verdicts, [])
    target = groups[-1].canonical
    helped = weigh(groups, notes, verdicts, [ruling(target.key, "supported")])
    before = dict(zip([g.canonical.key for g in plain.groups], plain.scores, strict=True))
    after = dict(zip([g.canonical.key for g in helped.groups], helped.scores, strict=True))
    assert after[target.key] > before[target.key]
    assert 0 < plain.confidence() < 1
