"""Generated runs against a model: every way through a dialogue, every order of yes and act."""

import importlib.util
import random
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from manyminds.cli.do import _chosen  # pyright: ignore[reportPrivateUsage] (the only door to an act)
from manyminds.core.errors import UsageError
from manyminds.recommend.dialogue import Dialogue, Step, View
from manyminds.recommend.doing.consent import LASTS_S, Consent
from tests.chaos.counts import COUNTS, FULL, ROOT
from tests.recommend.test_consent import ACT, mutated
from tests.recommend.test_dialogue import Home

TALKS = 1_000 if FULL else 25
DIALOGUES = 1_000 if FULL else 40
RUNS = 10_000 if FULL else 300
MOVES = ("answer", "no matter", "weigh", "back", "back", "choose", "choose", "again")
KINDS = {"answer": "answered", "no matter": "answered", "weigh": "weighed", "choose": "chose"}
WISHES = ("dinner tonight", "dinner under 20 euros", "vegan dinner, somewhere I haven't been")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return placed(tmp_path / "home")


def placed(folder: Path) -> Home:
    """Return a home whose places have addresses."""
    home = Home(folder)
    head, *rows = home.catalogue.read_text("utf-8").splitlines()
    there = [f"{row},https://x.example/{n}" for n, row in enumerate(rows)]
    home.catalogue.write_text("\n".join([f"{head},url", *there, ""]), "utf-8")
    return home


def shown(view: View) -> tuple[object, ...]:
    """Return what a person would see of where a dialogue stands."""
    top, backup, chosen = view.decision.top, view.decision.backup, view.chosen
    return (
        view.state,
        None if view.asked is None else (view.asked.field, view.asked.answers),
        *(None if one is None else (one.item.id, one.score) for one in (top, backup, chosen)),
    )


def moved(dialogue: Dialogue, move: str, chance: random.Random) -> None:
    """Make a move, as far as it says anything at this moment."""
    view = dialogue.view()
    if move == "answer" and view.asked is not None:
        dialogue.answer(chance.choice(view.asked.answers).text)
    elif move in ("answer", "no matter"):
        dialogue.answer("no matter")
    elif move == "weigh":
        field = chance.choice(("price", "distance", "rating"))
        dialogue.weigh({field: chance.choice((0.0, 1.0, 3.0))})
    elif move == "back":
        dialogue.back()
    else:
        dialogue.choose(chance.choice((1, 2)))


def test_every_way_through_a_dialogue_leads_where_its_steps_do(home: Home, tmp_path: Path) -> None:
    refused = acts = 0
    for seed in range(TALKS):
        chance = random.Random(seed)
        dialogue = home.begin(chance.choice(WISHES))
        model: list[Step] = dialogue.steps()
        for _ in range(chance.randint(4, 14)):
            move = chance.choice(MOVES)
            if move == "again":  # another process
                dialogue = home.reopened()
                continue
            before = dialogue.view()
            try:
                moved(dialogue, move, chance)
            except UsageError:
                refused += 1
                assert dialogue.steps() == model  # what is refused leaves nothing behind
                assert move != "back"
                assert move != "weigh"
                continue
            if move == "back":
                model = model[:-1] if len(model) > 1 else model
                assert dialogue.steps() == model
            else:
                assert (move == "choose") <= (before.state == "proposing")
                assert (move in ("answer", "no matter")) <= (before.state == "asking")
                *earlier, step = dialogue.steps()
                assert earlier == model
                assert step.kind == KINDS[move]
                assert (
                    before.asked is None
                    or step.kind != "answered"
                    or step.field == before.asked.field
                )
                model = [*earlier, step]
            # However one came here, it stands where whoever went straight here stands.
            straight = placed(tmp_path / "straight")
            other = straight.begin(model[0].text)
            other._add(*model[1:])
            assert shown(other.view()) == shown(dialogue.view())
            # What was weighed after the choice leaves it chosen, if it fits still.
            kinds = [step.kind for step in model]
            acts += _door(home, dialogue.view(), decided="chose" in kinds)
    COUNTS["ways through a dialogue, held against their steps"] += TALKS
    COUNTS["moves that were refused and left nothing behind"] += refused
    COUNTS["acts that were reached by a decision"] += acts
    COUNTS["acts that were reached without one"] += 0
    assert refused > TALKS
    assert acts > TALKS // 10


def _door(home: Home, view: View, *, decided: bool) -> int:
    """Try to get a plan from a dialogue as it stands; only what was decided has one."""
    recipe = home.folder / "site.yaml"
    recipe.write_text(
        "at: https://x.example\nsteps:\n  - {open: 'https://x.example'}\n"
        "  - {press: 'Book {title}', act: submit}\nreceipt: Booked\n", "utf-8",
    )  # fmt: skip
    me = home.memory.folder
    (me / "dialogues").mkdir(parents=True, exist_ok=True)
    for path in (home.folder / "dialogues").glob("*.jsonl"):
        (me / "dialogues" / path.name).write_bytes(path.read_bytes())
    if not decided:
        with pytest.raises(UsageError, match="nothing is chosen"):
            _chosen(me, "last", recipe, ())
        return 0
    plan, _ = _chosen(me, "last", recipe, ())
    assert view.chosen is not None
    assert plan.steps[-1].what == f"Book {view.chosen.item.title}"
    return 1


def test_made_up_dialogues_ask_one_thing_that_counts_and_break_nothing() -> None:
    spec = importlib.util.spec_from_file_location(
        "dialogues", ROOT / "benchmarks" / "recommend" / "dialogues.py"
    )
    assert spec is not None
    assert spec.loader is not None
    made_up = importlib.util.module_from_spec(spec)
    sys.modules["dialogues"] = made_up
    spec.loader.exec_module(made_up)
    found = made_up.measure(DIALOGUES)
    for way in ("asking", "silent"):
        wrong = {key: found[way][key] for key in ("needless", "doubled", "broken", "visited")}
        assert wrong == dict.fromkeys(wrong, 0)
    assert found["asking"]["asked"][0] > 0.5
    assert found["asking"]["first"][0] < found["silent"]["first"][0]
    COUNTS["made-up dialogues without a needless or double question or a broken condition"] += (
        DIALOGUES
    )


def test_nothing_is_done_without_a_yes_to_exactly_it(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "doing.sqlite"
    consent, done, refused = Consent(path, clock=clock), 0, 0
    for seed in range(RUNS):
        chance = random.Random(seed)
        dialogues = [f"{seed}a", f"{seed}b"]
        acts = [
            ACT,
            ACT,
            mutated(ACT, chance.randrange(15), str(seed)),
            replace(ACT, kind="delete"),
        ]
        yes = defaultdict[tuple[str, str], list[float]](list)  # until when, by act and dialogue
        for _ in range(chance.randint(6, 16)):
            act, dialogue = chance.choice(acts), chance.choice(dialogues)
            mine = yes[act.digest, dialogue]
            what = chance.choice(
                ("give", "give", "give", "take", "take", "take", "wait", "revoke", "new")
            )
            clock.now += 0.001
            if what == "give":
                consent.give(act, dialogue)
                mine.append(clock.now + LASTS_S)
            elif what == "take":
                allowed = consent.take(act, dialogue).allowed
                good = [until for until in mine if clock.now < until]
                assert allowed == bool(good), seed
                done, refused = done + allowed, refused + (not allowed)
                if allowed:
                    mine.remove(max(good))
            elif what == "wait":
                clock.now += chance.choice((1.0, LASTS_S / 2, LASTS_S))
            elif what == "revoke":
                consent.revoke(dialogue)
                for key in yes:
                    yes[key] = [] if key[1] == dialogue else yes[key]
            else:
                consent = Consent(path, clock=clock)
    COUNTS["generated runs of yes and act"] += RUNS
    COUNTS["acts that had a yes to exactly them"] += done
    COUNTS["acts that had none, and were refused"] += refused
    COUNTS["acts that had none, and were done"] += 0
    assert min(done, refused) > RUNS // 4
