"""From the wish to the choice: on disk, back and forth, by the memory as it is."""

import json
import random
import shutil
from datetime import date
from pathlib import Path

import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.dialogue import Dialogue, begin_dialogue, open_dialogue
from manyminds.recommend.memory.home import DECISIONS, PREFERENCES, Memory
from manyminds.recommend.proxy import Proxy
from manyminds.recommend.words import add_words
from tests.chaos.counts import COUNTS, FULL
from tests.recommend.test_wish import DINING

FRIDAY = date(2026, 11, 27)
NAME = "0123abcd"
EDITS, TRIALS = 200, 1_000 if FULL else 200


class Home:
    """One person's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.memory = Memory(folder / "me", today=lambda: FRIDAY)
        self.catalogue = folder / "dining.csv"
        self.catalogue.write_text(DINING, "utf-8")

    @property
    def proxy(self) -> Proxy:
        return Proxy(self.folder / "me", self.folder / "cache")

    def begin(self, wish: str, name: str = NAME) -> Dialogue:
        return begin_dialogue(
            self.folder / "dialogues", wish, memory=self.memory, proxy=self.proxy, domain=domain_named("dining"),
            catalogues=[self.catalogue], today=FRIDAY, name=name,
        )  # fmt: skip

    def reopened(self, name: str = NAME) -> Dialogue:
        return open_dialogue(self.folder / "dialogues", name, self.memory, self.proxy)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def to_proposal(dialogue: Dialogue) -> int:
    """Answer "no matter" until nothing is asked; return how often."""
    count = 0
    while dialogue.view().asked is not None:
        dialogue.answer("no matter")
        count += 1
    return count


def at(dialogue: Dialogue, field: str) -> Dialogue:
    """Answer "no matter" until a field is asked for."""
    while (asked := dialogue.view().asked) is not None and asked.field != field:
        dialogue.answer("no matter")
    assert asked is not None, f"{field} was not worth asking"
    return dialogue


def test_it_asks_then_proposes_then_is_decided(home: Home) -> None:
    dialogue = home.begin("dinner tonight")
    assert dialogue.view().state == "asking"
    to_proposal(dialogue)
    assert dialogue.view().state == "proposing"
    view = dialogue.choose(1)
    assert view.state == "decided"
    assert view.chosen
    assert view.chosen.item.title == "Kumo"
    assert [line.text for line in home.memory.lines(DECISIONS)[0]] == ["chose Kumo"]


def test_nothing_is_chosen_while_a_question_waits(home: Home) -> None:
    dialogue = home.begin("dinner tonight")
    with pytest.raises(UsageError, match="it is asking"):
        dialogue.choose(1)
    assert home.memory.files() == []


def test_an_answer_holds_of_what_is_proposed(home: Home) -> None:
    dialogue = at(home.begin("dinner"), "cuisine")
    view = dialogue.answer("pizza")
    assert [option.item.title for option in view.decision.options] == ["La Piazza"]


@pytest.mark.parametrize(("field", "text", "titles"), [
    ("distance", "1", {"La Piazza"}), ("distance", "within 2 km, I think", {"Kumo", "La Piazza"}),
    ("spice", "mild please", {"Kumo", "La Piazza", "Sushi Ume"}), ("spice", "no matter", {"Kumo", "La Piazza", "Sushi Ume", "Chili Palace"}),
])  # fmt: skip
def test_answers_are_read_as_people_give_them(
    home: Home, field: str, text: str, titles: set[str]
) -> None:
    dialogue = at(home.begin("dinner"), field)
    assert {option.item.title for option in dialogue.answer(text).decision.options} == titles


def test_an_answer_that_says_nothing_of_it_is_refused_with_examples(home: Home) -> None:
    dialogue = at(home.begin("dinner"), "cuisine")
    before = dialogue.steps()
    with pytest.raises(UsageError, match="does not say cuisine; say for instance: "):
        dialogue.answer("the weather is fine")
    assert dialogue.steps() == before


def test_back_takes_the_last_step_away_and_never_the_wish(home: Home) -> None:
    dialogue = home.begin("dinner")
    first = dialogue.view()
    dialogue.answer("no matter")
    assert dialogue.back() == first
    assert dialogue.back() == first


def test_back_from_a_decision_leads_to_the_proposal(home: Home) -> None:
    dialogue = home.begin("dinner")
    to_proposal(dialogue)
    dialogue.choose(2)
    assert dialogue.back().state == "proposing"


def test_it_goes_on_after_its_process_and_over_a_line_cut_off(home: Home) -> None:
    dialogue = home.begin("dinner")
    dialogue.answer("no matter")
    with dialogue.path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "chose", "te')
    again = home.reopened()
    assert again.view() == dialogue.view()
    assert len(again.steps()) == 2
    assert home.reopened("last").name == NAME


def test_an_edit_of_the_memory_holds_at_the_next_turn(home: Home) -> None:
    dialogue = home.begin("dinner")
    path = home.memory.folder / PREFERENCES
    for text, there in (
        ("vegan", {"La Piazza"}),
        ("gluten-free", {"Sushi Ume"}),
        ("never sichuan", {"Kumo", "La Piazza", "Sushi Ume"}),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"## dining\n\n- {text}\n", "utf-8")
        assert {option.item.title for option in dialogue.view().decision.options} == there


def test_the_wish_overrides_what_is_remembered_but_for_what_is_strict(home: Home) -> None:
    home.memory.write(PREFERENCES, "at most 18 €", heading="dining", source="you")
    home.memory.write(PREFERENCES, "vegetarian", heading="dining", source="you")
    titles = {o.item.title for o in home.begin("dinner under 30 €").view().decision.options}
    assert titles == {"Kumo", "La Piazza"}


def test_what_is_remembered_of_other_things_does_not_count(home: Home) -> None:
    home.memory.write(PREFERENCES, "at most 18 €", heading="events", source="you")
    assert len(home.begin("dinner").view().decision.options) == 4


def test_what_was_visited_is_not_proposed_when_asked_so(home: Home) -> None:
    home.memory.write(DECISIONS, "ate at Kumo", heading="dining", source="you")
    home.memory.write(DECISIONS, "been to: Chili Palace", source="you")
    wish = "dinner, somewhere I haven't been"
    assert {o.item.title for o in home.begin(wish).view().decision.options} == {
        "La Piazza",
        "Sushi Ume",
    }


def test_what_was_chosen_here_is_still_there(home: Home) -> None:
    dialogue = home.begin("dinner, somewhere I haven't been")
    to_proposal(dialogue)
    view = dialogue.choose(1)
    assert view.chosen
    assert view.chosen.item.title == "Kumo"


def test_what_they_wrote_themselves_speaks_for_an_option(home: Home) -> None:
    notes = home.folder / "notes.md"
    notes.write_text(
        "# Food\n\nI could eat ramen every day. The weather was bad. I avoid sichuan places.\n",
        "utf-8",
    )
    add_words(home.memory.folder, notes)
    view = home.begin("dinner").view()
    said = {(t.tag, t.sign): (t.said, t.source) for t in view.wanted.tastes}
    assert said[("ramen", 1)] == ("I could eat ramen every day.", "notes/notes.md:3")
    assert said[("sichuan", -1)][0] == "I avoid sichuan places."
    home.memory.write(PREFERENCES, "does not like ramen", heading="dining", source="you")
    assert ("ramen", 1) not in {(t.tag, t.sign) for t in home.reopened().view().wanted.tastes}


def test_a_weight_is_kept_with_the_dialogue(home: Home) -> None:
    dialogue = home.begin("dinner")
    view = dialogue.weigh({"distance": 50})
    assert view.decision.top
    assert view.decision.top.item.title == "La Piazza"
    with pytest.raises(UsageError, match="no weight 'colour'"):
        dialogue.weigh({"price": 3, "colour": 1})
    with pytest.raises(UsageError, match="0 to 1,000"):
        dialogue.weigh({"price": float("nan")})


@pytest.mark.parametrize("name", ["../x", "last", "ffffffff", ""])
def test_a_dialogue_that_is_not_there_says_so(home: Home, name: str) -> None:
    with pytest.raises(UsageError, match="no dialogue"):
        home.reopened(name)


def test_a_wish_of_nothing_begins_nothing(home: Home) -> None:
    with pytest.raises(UsageError, match="say what you would like"):
        home.begin("  ")
    assert not (home.folder / "dialogues").exists()


def test_steps_hold_what_was_said_and_nothing_else(home: Home) -> None:
    at(home.begin("dinner   tonight"), "cuisine").answer("pizza")
    lines = [
        json.loads(line)
        for line in (home.folder / "dialogues" / f"{NAME}.jsonl").read_text("utf-8").splitlines()
    ]
    assert lines[0]["kind"] == "wished"
    assert {line["kind"] for line in lines[1:]} == {"answered"}
    assert lines[0]["text"] == "dinner tonight"
    assert lines[-1] == {
        "kind": "answered",
        "text": "pizza",
        "field": "cuisine",
    }


def test_what_they_have_been_to_is_never_proposed_where_they_ask_for_new(home: Home) -> None:
    chance, shown = random.Random(14), 0
    dialogue = home.begin("dinner, somewhere I haven't been")
    home.memory.write(DECISIONS, "been to: nowhere", heading="dining", source="you")
    for _ in range(TRIALS):
        been = chance.sample(list(PRICES), chance.randrange(5))
        forms = ("ate at {}", "been to: {}", "been to: {}.", "Ate at {}")
        text = "".join(f"- {chance.choice(forms).format(name)} _(2026-01-02, from you)_\n" for name in been)  # fmt: skip
        heading = chance.choice(("## dining\n\n", ""))
        file = chance.choice((DECISIONS, PREFERENCES))
        (home.memory.folder / DECISIONS).unlink(missing_ok=True)
        (home.memory.folder / PREFERENCES).unlink(missing_ok=True)
        (home.memory.folder / file).write_text(heading + text, "utf-8")
        options = {o.item.title for o in dialogue.view().decision.options}
        assert options == set(PRICES) - set(been), text
        shown += len(options)
    COUNTS["trials of what is new to somebody"] += TRIALS
    COUNTS["of them proposed what they had been to"] += 0
    assert shown > TRIALS


PRICES = {"Kumo": 16, "La Piazza": 22, "Chili Palace": 19, "Sushi Ume": 32}
CUISINES = {"ramen": "Kumo", "pizza": "La Piazza", "sichuan": "Chili Palace", "sushi": "Sushi Ume"}
Written = tuple[str, str, date]
"""What a line is of, what it says of it, and its day."""


def wanted_by(lines: list[Written]) -> set[str]:
    """What holds: of two lines of one thing the later day, of one day the one further down."""
    latest: dict[str, tuple[date, int, str]] = {}
    for place, (of, says, day) in enumerate(lines):
        latest[of] = max(latest.get(of, (date.min, 0, "")), (day, place, says))
    holds = {of: says for of, (_, _, says) in latest.items()}
    most = int(holds.get("budget", "99"))
    never = {CUISINES[of] for of, says in holds.items() if says == "never"}
    return {name for name, price in PRICES.items() if price <= most and name not in never}


def edited(chance: random.Random, lines: list[Written]) -> list[Written]:
    """Add, change, move or take out one line, as a person with an editor does."""
    of = chance.choice([*CUISINES, "budget"])
    says = str(chance.randrange(15, 36)) if of == "budget" else chance.choice(["never", "likes"])
    line = (of, says, date(2026, chance.randrange(1, 12), chance.randrange(1, 28)))
    place, left = chance.randrange(len(lines) + 1), list(lines)
    way = chance.choice(["add", "add", "change", "move", "take out"])
    if way != "add" and left:
        taken = left.pop(chance.randrange(len(left)))
        if way == "take out":
            return left
        line = taken if way == "move" else line
    return [*left[:place], line, *left[place:]][:12]


def test_every_edit_holds_at_the_next_turn_wherever_the_folder_is(home: Home) -> None:
    chance, lines, seen = random.Random(5), list[Written](), set[frozenset[str]]()
    home.begin("dinner")
    me = home.folder / "me"
    me.mkdir(exist_ok=True)
    for turn in range(EDITS):
        if turn % 20 == 19:  # moved, and what can be made again is lost
            me = Path(shutil.move(me, home.folder / f"me{turn}"))
            shutil.rmtree(home.folder / "cache", ignore_errors=True)
        lines = edited(chance, lines)
        text = "".join(
            f"- {f'budget: {says}' if of == 'budget' else f'{says} {of}'} _({day}, from you)_\n"
            for of, says, day in lines
        )
        (me / PREFERENCES).write_text(f"## dining\n\n{text}", "utf-8")
        dialogue = open_dialogue(
            home.folder / "dialogues", NAME, Memory(me, today=lambda: FRIDAY),
            Proxy(me, home.folder / "cache"),
        )  # fmt: skip
        options = {o.item.title for o in dialogue.view().decision.options}
        assert options == wanted_by(lines), text
        seen.add(frozenset(options))
    assert len(seen) > 5


@pytest.mark.parametrize(("text", "proposed"), [
    ("loved it", ["Likes ramen", "Likes noodles", "Likes japanese"]),
    ("It was awful.", ["Does not like ramen", "Does not like noodles", "Does not like japanese"]),
    ("never again", ["Does not like ramen", "Does not like noodles", "Does not like japanese"]),
    ("great pizza", ["Likes pizza"]),
    ("I don't like ramen", ["Does not like ramen"]),
    ("not great", []), ("great food, terrible service", []), ("too loud", []), ("it isn't bad", []),
])  # fmt: skip
def test_what_is_said_of_a_choice_is_kept_and_what_it_says_is_proposed(home: Home, text: str, proposed: list[str]) -> None:  # fmt: skip
    dialogue = home.begin("ramen for dinner")
    with pytest.raises(UsageError, match="nothing is chosen"):
        dialogue.feedback(text)
    to_proposal(dialogue)
    dialogue.choose("Kumo")
    found = dialogue.feedback(text)
    assert sorted(p.text for p in found) == sorted(proposed)
    assert not home.memory.lines(PREFERENCES)[0]  # nothing is remembered that was only read
    assert f"of Kumo: {text}" in [line.text for line in home.memory.lines(DECISIONS)[0]]
    # Words about it make it neither new to them nor somewhere else.
    again = home.begin("dinner, somewhere I haven't been", "89abcdef").view().decision.options
    assert {option.item.title for option in again} == {"La Piazza", "Chili Palace", "Sushi Ume"}
    for proposal in found:
        home.memory.accept(proposal.id)
    tastes = {(t.tag, t.sign) for t in home.begin("dinner").view().wanted.tastes}
    assert len(tastes) == len(proposed)
