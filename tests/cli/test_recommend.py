"""`manyminds recommend`, `taste`, `memory` and `me`, as a person uses them."""

import json
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.recommend.doing.plan import plan_as_json
from tests.browser import chromium
from tests.recommend.acting import task
from tests.recommend.sites import Sites
from tests.recommend.test_taste import FILMS
from tests.recommend.test_wish import DINING
from tests.stub import Stub, say

RATINGS = "userId,movieId,rating,timestamp\n" + "".join(
    f"{person},{item},5,{person * 100 + item}\n" for person in range(40) for item in range(40)
    if item % 4 == person % 4 and (item + person) % 3
)  # fmt: skip
BY_ID = "movieId,title,genres\n" + "".join(
    f"{i},Film {i},{('war', 'love', 'space', 'crime')[i % 4]}\n" for i in range(40)
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MANYMINDS_HOME", str(tmp_path / "home"))
    (tmp_path / "dining.csv").write_text(DINING, "utf-8")
    (tmp_path / "films.csv").write_text(FILMS, "utf-8")
    (tmp_path / "rated.csv").write_text(BY_ID, "utf-8")
    (tmp_path / "ratings.csv").write_text(RATINGS, "utf-8")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict:
    assert run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_wish_ends_in_two_options_and_a_decision(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = told(
        capsys, "recommend", "dinner under 25 €, nothing spicy", "--from", str(home / "dining.csv")
    )
    assert first["state"] == "asking"
    assert first["question"]["text"].endswith("?")
    assert {first["top"]["title"], first["backup"]["title"]} == {"Kumo", "La Piazza"}
    while first["question"]:
        first = told(capsys, "recommend", "--go-on", first["dialogue"], "--answer", "no matter")
    assert first["state"] == "proposing"
    last = told(capsys, "recommend", "--go-on", "last", "--choose", "2")
    assert (last["state"], last["chosen"]) == ("decided", first["backup"]["id"])
    lines = told(capsys, "memory")["lines"]["DECISIONS.md"]
    assert [line["text"] for line in lines] == [f"chose {first['backup']['title']}"]


def test_what_is_printed_names_conditions_sources_and_what_would_change(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["memory", "add", "vegetarian", "--about", "dining"]) == 0
    assert (
        run(
            [
                "recommend",
                "dinner under 25 €, no peanuts",
                "--from",
                str(home / "dining.csv"),
                "--no-ask",
            ]
        )
        == 0
    )
    text = capsys.readouterr().out
    for part in (
        "Top 1",
        "dining.csv:2",
        "La Piazza",
        "price at most 25 € (your wish)",
        "diet vegetarian (PREFERENCES.md:5)",
        "Not held to, for the catalogue does not say it: no peanuts",
        "What would change this:",
    ):
        assert part in text
    assert "?" not in text.partition("Top 1")[0]


def test_nothing_that_fits_is_said_with_what_stands_in_the_way(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["recommend", "vegan dinner under 10 €", "--from", str(home / "dining.csv")]) == 1
    text = capsys.readouterr().out
    assert "Nothing of 4 meets every condition." in text
    assert 'without "under 10 €": La Piazza' in text


def test_catalogues_are_found_in_the_persons_folder(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home / "mine" / "catalogues"
    folder.mkdir(parents=True)
    (folder / "dining-bonn.csv").write_text(DINING, "utf-8")
    found = told(capsys, "recommend", "dinner", "--no-ask", "--me", str(home / "mine"))
    assert found["feasible"] == 4


@pytest.mark.parametrize(("arguments", "message"), [
    (["recommend"], "say what you would like"), (["recommend", "something nice"], "what is it about?"),
    (["recommend", "dinner"], "what is there to choose from?"), (["recommend", "dinner", "--domain", "dinning"], "did you mean 'dining'"),
    (["recommend", "--go-on", "0123abcd"], "no dialogue"), (["recommend", "dinner", "--from", "gone.csv"], "no such file"),
    (["taste", "--from", "FILMS"], "nobody is there to ask"), (["taste", "--from", "FILMS", "--answers", "y,maybe"], "not 'maybe'"),
    (["taste", "--from", "FILMS", "--questions", "0", "--answers", "y"], "1 to 20"), (["memory", "accept", "x"], "no proposal"),
    (["me", "add", "gone"], "no such file or folder"), (["me", "forget", "x"], "nothing was added"),
    (["taste", "--from", "FILMS", "--history", "RATINGS", "--answers", "y"], "none of its items"),
])  # fmt: skip
def test_wrong_use_is_told_in_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    names = {"FILMS": str(home / "films.csv"), "RATINGS": str(home / "ratings.csv")}
    assert run([names.get(argument, argument) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_taste_shows_its_belief_after_each_answer(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(
        capsys,
        "taste",
        "--from",
        str(home / "rated.csv"),
        "--history",
        str(home / "ratings.csv"),
        "--answers",
        "y,n,skip,y,n",
    )
    assert [step["answer"] for step in found["steps"]] == [True, False, None, True, False]
    assert len({step["question"] for step in found["steps"]}) == 5
    assert found["steps"][-1]["kinds_in_play"] < found["steps"][0]["kinds_in_play"]


def test_taste_needs_no_ratings_and_its_answers_are_proposed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["taste", "--from", str(home / "films.csv"), "--answers", "y,n", "--remember"]) == 0
    assert "likeliest to be liked" in capsys.readouterr().out
    waiting = told(capsys, "memory", "proposals")["proposals"]
    assert sorted(one["text"].split()[0] for one in waiting) == ["Does", "Likes"]
    assert told(capsys, "memory")["lines"] == {}
    assert run(["memory", "accept", *(one["id"] for one in waiting)]) == 0
    capsys.readouterr()
    assert len(told(capsys, "memory")["lines"]["PREFERENCES.md"]) == 2


def test_own_words_are_added_found_and_forgotten(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = home / "notes"
    notes.mkdir()
    (notes / "food.md").write_text("I love ramen.\n", "utf-8")
    assert told(capsys, "me", "add", str(notes))["texts"] == 1
    assert told(capsys, "me", "list")["words"] == {"notes": 1}
    assert told(capsys, "me", "find", "ramen")["quotes"][0]["text"] == "I love ramen."
    found = told(capsys, "recommend", "dinner", "--no-ask", "--from", str(home / "dining.csv"))
    assert [(t["tag"], t["sign"]) for t in found["tastes"]] == [("ramen", 1)]
    assert run(["recommend", "dinner", "--no-ask", "--from", str(home / "dining.csv")]) == 0
    assert 'likes ramen ("I love ramen.", notes/food.md:1)' in capsys.readouterr().out
    (notes / "food.md").write_text("The weather was fine.\n", "utf-8")
    assert run(["me", "add", str(notes)]) == 0
    assert run(["recommend", "dinner", "--no-ask", "--from", str(home / "dining.csv")]) == 0
    assert "Your own documents say nothing of what there is here." in capsys.readouterr().out
    assert run(["me", "forget", "notes"]) == 0
    capsys.readouterr()
    assert told(capsys, "me", "find", "ramen", code=1)["quotes"] == []


def test_a_question_about_oneself_is_answered_with_ones_own_words_or_not_at_all(
    home: Path, capsys: pytest.CaptureFixture[str], stub: Stub
) -> None:
    assert told(capsys, "me", "ask", "What does he eat?", code=1)["cost"] == {"tokens": 0}
    assert stub.requests == []
    (home / "food.md").write_text("I could eat ramen every single day.\n", "utf-8")
    told(capsys, "me", "add", str(home / "food.md"))
    asked = ("me", "ask", "What does he eat?", "--model", stub.model)
    stub.behaviours = [say('{"answer": "ramen, every single day"}')]
    found = told(capsys, *asked)
    assert found["quote"]["text"] == "I could eat ramen every single day."
    assert run([*asked]) == 0
    assert "ramen every single day.”  food/" in capsys.readouterr().out
    stub.behaviours = [say('{"answer": "not said"}')]
    assert told(capsys, *asked, code=1)["answer"] is None
    assert run([*asked]) == 1
    assert capsys.readouterr().out.startswith("not in your documents: no passage says it")


def test_what_a_catalogue_says_does_not_steer_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "dining.csv").write_text("name,price\n\x1b[2JEvil\u202e,5\nPlain,6\n", "utf-8")
    assert run(["recommend", "dinner", "--no-ask", "--from", str(home / "dining.csv")]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_an_act_is_done_by_the_digest_of_its_card_and_no_other_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chromium()
    with Sites() as sites:
        plan = home / "dinner.json"
        plan.write_text(plan_as_json(task("shop", sites.origin, "item1", "Ann")), "utf-8")
        first = told(capsys, "do", str(plan), code=1)
        assert (first["state"], first["steps_done"]) == ("waiting", 6)
        assert "Buy now" in first["act"]["card"]
        digest = first["act"]["digest"]
        assert told(capsys, "do", str(plan), "--yes", digest[:8], code=1)["state"] == "waiting"
        assert sites.state.orders == []
        done = told(capsys, "do", str(plan), "--yes", digest)
        assert (done["steps_done"], done["steps"]) == (7, 7)
        assert (done["state"], len(sites.state.orders)) == ("done", 1)
        assert told(capsys, "do", str(plan))["why"] == "it was done before"
        assert len(sites.state.orders) == 1


@pytest.mark.parametrize("text", [None, "{}", "no plan"])
def test_no_plan_is_told_in_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    if text is not None:
        (home / "plan.json").write_text(text, "utf-8")
    assert run(["do", str(home / "plan.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_wish_is_recommended_chosen_and_done_in_the_browser(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chromium()
    with Sites() as sites:
        link = f"{sites.origin}/booking/item7"
        (home / "places.csv").write_text(
            f"name,price,cuisine,url\nKumo,16,ramen,{link}\nUme,30,sushi,\n"
        )
        recipes = home / "home" / "me" / "sites"
        recipes.mkdir(parents=True)
        (recipes / "local.yaml").write_text(RECIPE.replace("SITE", sites.origin), "utf-8")
        told(capsys, "recommend", "ramen for dinner", "--from", str(home / "places.csv"))
        assert run(["do", "--go-on", "last"]) == 2
        assert "nothing is chosen" in capsys.readouterr().err
        told(capsys, "recommend", "--go-on", "last", "--choose", "1", "--no-ask")
        assert run(["do", "--go-on", "last", "--with", "people=2"]) == 2
        assert "nobody has said name" in capsys.readouterr().err
        assert run(["memory", "add", "name: Ann", "--to", "profile"]) == 0
        capsys.readouterr()
        asked = told(capsys, "do", "--go-on", "last", "--with", "people=2", code=1)["act"]
        assert 'name = "Ann"  (memory)' in asked["card"]
        assert 'guests = "2"  (person)' in asked["card"]
        done = told(capsys, "do", "--go-on", "last", "--with", "people=2", "--yes", asked["digest"])
        assert (done["state"], done["steps_done"]) == ("done", 5)
        assert [order["item"] for order in sites.state.orders] == ["item7"]


RECIPE = """at: SITE
steps:
  - {open: "{link}"}
  - {fill: Name, value: "{name}"}
  - {fill: Date, value: "{day}"}
  - {fill: Guests, value: "{people}"}
  - {press: Book table, act: submit}
receipt: Table booked
look: SITE/orders
mark: "booking/item7/{name}"
"""


def test_what_costs_more_than_it_may_is_not_bought_and_what_is_bought_was_signed_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chromium()
    with Sites() as sites:
        plan = home / "lamp.json"
        plan.write_text(plan_as_json(task("shop", sites.origin, "item1", "Ann")), "utf-8")
        act = told(capsys, "do", str(plan), code=1)["act"]
        assert "25.00 EUR" in act["card"]
        agreed = ["do", str(plan), "--yes", act["digest"]]
        assert run([*agreed, "--at-most", "24.99 EUR"]) == 2
        assert "not paid: 25.00 EUR is more than 24.99 EUR" in capsys.readouterr().err
        # That was no yes for later, either.
        assert told(capsys, "do", str(plan), code=1)["state"] == "waiting"
        assert sites.state.orders == []
        assert told(capsys, *agreed, "--at-most", "25.00 EUR")["state"] == "done"
        assert [order["item"] for order in sites.state.orders] == ["item1"]
        signed = (home / "home" / "me" / "mandates.jsonl").read_text("utf-8").splitlines()
        pair, number = map(json.loads, signed)
        intent, cart = (json.loads(one["text"]) for one in pair)
        assert (intent["number"], intent["most"], cart["cost"]) == (
            number,
            "25.00 EUR",
            "25.00 EUR",
        )
        assert cart["act"] == act["digest"]
