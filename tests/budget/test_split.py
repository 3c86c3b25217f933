import random

from manyminds.budget.split import best_split, majority_accuracy


def brute_force(cap: int, curve: dict[int, float], most: int) -> tuple[float, int] | None:
    """Try everything: the best accuracy, and the fewest tokens that reach it."""
    found = [
        (majority_accuracy(p, n), n * tokens)
        for tokens, p in curve.items()
        for n in range(1, most + 1)
        if n * tokens <= cap
    ]
    if not found:
        return None
    best = max(accuracy for accuracy, _ in found)
    return best, min(tokens for accuracy, tokens in found if accuracy > best - 1e-12)


def test_it_equals_brute_force_on_a_thousand_instances() -> None:
    rng = random.Random(4)
    for _ in range(1_000):
        sizes = sorted(rng.sample(range(50, 4_000), rng.randint(1, 6)))
        curve = {size: rng.random() for size in sizes}
        cap, most = rng.randint(10, 30_000), rng.randint(1, 16)
        split, brute = best_split(cap, curve, most=most), brute_force(cap, curve, most)
        if brute is None:
            assert split is None
            continue
        assert split is not None
        assert abs(split.accuracy - brute[0]) < 1e-12
        assert split.tokens == brute[1]
        assert split.tokens <= cap
        assert split.members <= most


def test_a_majority_of_even_many_is_as_good_as_of_one_less() -> None:
    assert majority_accuracy(0.7, 4) - majority_accuracy(0.7, 3) < 1e-12
    assert majority_accuracy(0.7, 5) > majority_accuracy(0.7, 3) > 0.7
    assert majority_accuracy(0.4, 3) < 0.4


def test_a_budget_too_small_for_one_has_no_split() -> None:
    assert best_split(10, {100: 0.9}) is None
