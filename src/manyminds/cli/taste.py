"""`manyminds taste`: five yes or no questions, and what is believed after each."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.item import Item
from manyminds.recommend.catalogue.read import Catalogue, read_catalogue
from manyminds.recommend.history import read_history
from manyminds.recommend.memory.home import PREFERENCES
from manyminds.recommend.ranking.neighbours import liked_with
from manyminds.recommend.taste.belief import Belief, Kinds, begin
from manyminds.recommend.taste.kinds import drawn_kinds, kinds_of, tags_of
from manyminds.recommend.taste.themes import item_called, themes_of
from manyminds.runtime.paths import person_home
from manyminds.runtime.remembering import memory_of

__all__ = ["taste"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]
_SHOWN = 5
_SAID: dict[str, bool | None] = {
    "y": True, "yes": True, "n": False, "no": False, "": None, "s": None, "skip": None, "?": None,
}  # fmt: skip


def taste(
    *,
    from_: Annotated[Sequence[Path], Parameter(name="--from")],
    history: Path | None = None,
    domain: str = "films",
    questions: int = 5,
    answers: str | None = None,
    like: Sequence[str] = (),
    remember: Flag = False,
    me: Path | None = None,
    json_: Json = False,
) -> int:
    """Find out what you like by a few yes or no questions, and show what is believed after each.

    With ratings of many people, the belief is over them; without, it is over tags alone.

    Args:
        from_: Files of what there is: CSV, JSON, iCalendar, HTML.
        history: Ratings of many people: CSV with a user, an item, a rating up to 5, a timestamp.
        domain: What kind of things these are.
        questions: How many to ask, at most 20.
        answers: Answers instead of asking: y,n,skip,y,n.
        like: Titles that you like, instead of questions: what they have in common, and more of it.
        remember: Propose what was said for the memory.
        me: Folder of what is known of you, instead of the usual one.
        json_: Print one JSON object.
    """
    if not 1 <= questions <= 20:
        raise UsageError(f"--questions takes 1 to 20, not {questions}")
    catalogue = read_catalogue(from_, domain_named(domain))
    if like:
        return _more_like(catalogue, like, history, json_=json_)
    items, kinds = (
        (list(catalogue.items), drawn_kinds(catalogue))
        if history is None
        else _known(catalogue, history)
    )
    said = None if answers is None else _parsed(answers)
    if said is None and (json_ or not sys.stdin.isatty()):
        raise UsageError("nobody is there to ask; give --answers y,n,skip,y,n")
    steps: list[dict[str, JsonValue]] = []
    belief = begin(kinds)
    for after, step in _play(belief, items, said, questions):
        belief = after
        steps.append(step)
        if not json_:
            print(safe(_as_text(len(steps), step)))
    proposed = _propose(belief, catalogue, me) if remember else 0
    if json_:
        told = {"outcome": "answered", "cost": None, "steps": steps, "proposed": proposed}
        print(json.dumps(told, ensure_ascii=False))
    elif proposed:
        notice(f"{proposed} lines proposed; manyminds memory proposals shows them")
    return ANSWERED


def _more_like(
    catalogue: Catalogue, titles: Sequence[str], history: Path | None, *, json_: bool
) -> int:
    """Show what liked things have in common, and what else there is of it."""
    liked = list({item.id: item for item in (item_called(catalogue, t) for t in titles)}.values())
    scores = None if history is None else liked_with(
        read_history(history), [item.id for item in liked]
    )  # fmt: skip
    themes = themes_of(catalogue, liked, scores)
    if json_:
        told: list[JsonValue] = [
            {
                "tags": [*theme.tags], "surprise": round(theme.surprise, 2),
                "because": [item.title for item in theme.likes],
                "options": [
                    {"id": item.id, "title": item.title, "source": item.source}
                    for item in theme.options
                ],
            }
            for theme in themes
        ]  # fmt: skip
        outcome = "answered" if themes else "none"
        print(json.dumps({"outcome": outcome, "cost": None, "themes": told}, ensure_ascii=False))
    elif not themes:
        print("what you like has nothing in common that the catalogue has a word for; name more")
    for theme in () if json_ else themes:
        because = ", ".join(item.title for item in theme.likes)
        print(safe(f"{' and '.join(theme.tags)}, because you like {because}:"))
        print(safe("".join(f"  {item.title}  [{item.source}]\n" for item in theme.options)))
    return ANSWERED if themes else NO_ANSWER


def _play(
    belief: Belief, items: Sequence[Item], said: Sequence[bool | None] | None, questions: int
) -> Iterator[tuple[Belief, dict[str, JsonValue]]]:
    """Yield the belief after each answer, with what is to be shown of it."""
    for place in range(questions if said is None else min(questions, len(said))):
        question = belief.next()
        if question is None:
            return
        asked, likely = belief.kinds.questions[question], belief.yes(question)
        yes = _ask(place + 1, asked.text, likely) if said is None else said[place]
        belief = belief.after(question, yes=yes)
        step: dict[str, JsonValue] = {
            "question": asked.text, "answer": yes, "expected": round(likely, 3),
        }  # fmt: skip
        yield belief, {**step, **_held(belief, items)}


def _known(catalogue: Catalogue, path: Path) -> tuple[list[Item], Kinds]:
    """Return the items that were rated, and the people who rated them as kinds."""
    history = read_history(path)
    there = {item.id: item for item in catalogue.items}
    columns = [i for i, name in enumerate(history.items) if name in there]
    if not columns:
        raise UsageError(
            f"{path}: none of its items is in the catalogue, "
            "whose column for them is id, itemId or movieId"
        )
    items = [there[history.items[i]] for i in columns]
    rated = Catalogue(domain=catalogue.domain, items=tuple(items))
    tags, has = tags_of(rated)
    likes = history.matrix(liked=True)[:, columns].toarray().astype(np.float32)
    return items, kinds_of(likes, tags, has, [item.title for item in items])


def _parsed(answers: str) -> list[bool | None]:
    said = [part.strip().casefold() for part in answers.split(",")]
    if wrong := [part for part in said if part not in _SAID]:
        raise UsageError(f"--answers takes y, n or skip, not {wrong[0]!r}")
    return [_SAID[part] for part in said]


def _ask(place: int, text: str, likely: float) -> bool | None:
    while True:
        sys.stderr.write(
            safe(f"{place}. {text} (y/n, or Enter to skip; I expect {likely:.0%} yes) ")
        )
        sys.stderr.flush()
        line = sys.stdin.readline()
        said = line.strip().casefold()
        if said in _SAID:
            return _SAID[said]
        notice("y, n, or nothing")


def _held(belief: Belief, items: Sequence[Item]) -> dict[str, JsonValue]:
    """Return what is believed now: what is likeliest liked, and tags surer than before."""
    scores = belief.scores()
    best: list[int] = np.argsort(-scores, kind="stable")[:_SHOWN].tolist()
    tags = [(belief.yes(q), one.tag) for q, one in enumerate(belief.kinds.questions) if one.tag]
    tags.sort(key=lambda pair: (-abs(pair[0] - 0.5), pair[1] or ""))
    return {
        "likeliest": [
            {"id": items[i].id, "title": items[i].title, "chance": round(float(scores[i]), 3)}
            for i in best
            if scores[i] >= 0
        ],
        "tags": [{"tag": tag, "yes": round(yes, 3)} for yes, tag in tags[:_SHOWN]],
        "kinds_in_play": round(float(1 / (belief.shares**2).sum()), 1),
    }  # fmt: skip


def _bars(rows: Sequence[tuple[str, float]]) -> Iterator[str]:
    for name, share in rows:
        yield f"     {name[:44]:44} {'█' * round(20 * share):20} {share:.0%}"


def _as_text(place: int, step: Mapping[str, Any]) -> str:
    said = {True: "yes", False: "no", None: "skipped"}[step["answer"]]
    rows = [f"{place}. {step['question']} {said}", "   likeliest to be liked"]
    rows += _bars([(one["title"], one["chance"]) for one in step["likeliest"]])
    if step["tags"]:
        rows += ["   would say yes to", *_bars([(one["tag"], one["yes"]) for one in step["tags"]])]
    return "\n".join([*rows, f"   like {step['kinds_in_play']:.0f} kinds of people", ""])


def _propose(belief: Belief, catalogue: Catalogue, me: Path | None) -> int:
    """Propose what was answered as lines of the memory."""
    memory = memory_of(person_home(me))
    count = 0
    for place, yes in belief.answers:
        asked = belief.kinds.questions[place]
        what = f"“{asked.tag}”" if asked.tag else asked.text.partition("you like ")[2].rstrip("?")
        if yes is not None and what:
            memory.propose(
                PREFERENCES, f"{'Likes' if yes else 'Does not like'} {what}",
                heading=catalogue.domain.name, source="manyminds taste", origin="person",
            )  # fmt: skip
            count += 1
    return count
