"""A made-up city: five hundred events in three kinds of files, two hundred people, some dead links.

    python benchmarks/recommend/city.py

A third of the events each as iCalendar, JSON and a page with schema.org data, all with coordinates; their
tickets are on a site of this machine, on which one address in eight is not there any more. People say what
they like in a sentence of their memory or of their own words, and wish for something on a day, within some
km of where they are, below a price. Days, ways and prices are held against what the city was made of, not
against what was read of it. NDCG@3: how good the first three are by what the person likes in truth (a genre,
a mood), beside the same events by how many go there. Writes city.json and CITY.md.
"""

import asyncio
import json
import math
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

from manyminds.judging.interval import share_interval
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.place import Place
from manyminds.recommend.dialogue import Dialogue, begin_dialogue
from manyminds.recommend.memory.home import PREFERENCES, Memory
from manyminds.recommend.proxy import Proxy
from manyminds.recommend.words import add_words
from manyminds.runtime.links import look_at_links
from manyminds.tools.web.fetch import Fetcher

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine, mean_interval

HERE = Path(__file__).parent
TODAY = date(2026, 11, 30)
EVENTS, PEOPLE, DEAD = 500, 200, 8
GENRES = (
    "jazz",
    "techno",
    "theatre",
    "poetry",
    "folk",
    "opera",
    "comedy",
    "cinema",
    "salsa",
    "chess",
)
MOODS = ("quiet", "lively", "cosy", "solemn")
CENTRE = (50.735, 7.100)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event, as it is in truth."""

    number: int
    title: str
    genre: str
    mood: str
    price: int
    day: date
    hour: int
    at: tuple[float, float]
    going: int
    dead: bool


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody, as they are in truth."""

    likes: tuple[str, ...]
    dislikes: str
    mood: str
    at: tuple[float, float]
    km: int
    price: int
    day: date
    writes: bool
    """Whether they say it in their own texts, instead of the memory."""

    def worth(self, event: Event) -> int:
        """Return how much they would enjoy an event, 0 to 3."""
        if event.genre == self.dislikes:
            return 0
        return 2 * (event.genre in self.likes) + (event.mood == self.mood)


def km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the way between two points near each other, in km: on a plane, by degrees."""
    north = (a[0] - b[0]) * 111.195
    east = (a[1] - b[1]) * 111.195 * math.cos(math.radians((a[0] + b[0]) / 2))
    return math.hypot(north, east)


def city(chance: random.Random) -> list[Event]:
    """Make up the events of two weeks."""
    return [
        Event(
            number=n, title=f"Evening {n}", genre=chance.choice(GENRES), mood=chance.choice(MOODS),
            price=chance.choice((0, 8, 12, 18, 25, 40, 60)), hour=chance.randint(10, 21),
            day=TODAY + timedelta(days=chance.randint(-2, 11)),
            at=(CENTRE[0] + chance.gauss(0, 0.05), CENTRE[1] + chance.gauss(0, 0.07)),
            going=round(chance.lognormvariate(4, 1)), dead=chance.randrange(DEAD) == 0,
        )
        for n in range(EVENTS)
    ]  # fmt: skip


def written(events: list[Event], folder: Path, site: str) -> list[Path]:
    """Write the city down in three kinds of files."""
    parts = [events[0::3], events[1::3], events[2::3]]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:city"]
    for e in parts[0]:
        lines += [
            "BEGIN:VEVENT", f"UID:{e.number}", f"SUMMARY:{e.title}", f"DTSTART:{e.day:%Y%m%d}T{e.hour:02}0000",
            f"GEO:{e.at[0]:.5f};{e.at[1]:.5f}", f"CATEGORIES:{e.genre}", f"X-MOOD:{e.mood}",
            f"X-PRICE:{e.price} €", f"X-ATTENDEES:{e.going}", f"URL:{site}/t/{e.number}", "END:VEVENT",
        ]  # fmt: skip
    (folder / "city.ics").write_text("\r\n".join([*lines, "END:VCALENDAR", ""]), "utf-8")
    rows = [
        {
            "id": str(e.number), "name": e.title, "date": f"{e.day}T{e.hour:02}:00", "lat": e.at[0], "lon": e.at[1],
            "genre": e.genre, "mood": e.mood, "ticket price": f"{e.price},00 €", "interested": e.going,
            "link": f"{site}/t/{e.number}",
        }
        for e in parts[1]
    ]  # fmt: skip
    (folder / "city.json").write_text(json.dumps({"city": "made up", "events": rows}), "utf-8")
    things = [
        {
            "@type": "MusicEvent", "identifier": str(e.number), "name": e.title, "startDate": f"{e.day}T{e.hour:02}:00",
            "location": {"@type": "Place", "name": "Hall", "geo": {"latitude": e.at[0], "longitude": e.at[1]}},
            "offers": {"price": e.price, "priceCurrency": "EUR"}, "genre": e.genre, "mood": e.mood,
            "attendees": e.going, "url": f"{site}/t/{e.number}",
        }
        for e in parts[2]
    ]  # fmt: skip
    page = f"<html><body><script type='application/ld+json'>{json.dumps(things)}</script></body></html>"
    (folder / "city.html").write_text(page, "utf-8")
    return [folder / "city.ics", folder / "city.json", folder / "city.html"]


def person(events: list[Event], chance: random.Random) -> Person:
    """Make up somebody for whom something is on."""
    lucky = chance.choice([e for e in events if e.day >= TODAY])
    likes = chance.sample(GENRES, 3)
    at = (lucky.at[0] + chance.gauss(0, 0.01), lucky.at[1] + chance.gauss(0, 0.01))
    return Person(
        likes=tuple(likes[:2]), dislikes=likes[2], mood=chance.choice(MOODS), at=at,
        km=max(3, math.ceil(km(at, lucky.at)) + chance.randint(0, 6)), price=max(15, lucky.price + chance.randint(0, 20)),
        day=lucky.day, writes=chance.random() < 0.5,
    )  # fmt: skip


@asynccontextmanager
async def tickets(events: list[Event]) -> AsyncIterator[str]:
    """Serve a page for each event that is still to be had."""
    dead = {e.number for e in events if e.dead}

    async def page(request: web.Request) -> web.Response:
        number = int(request.match_info["n"])
        return web.Response(text="tickets", status=404 if number in dead else 200)

    app = web.Application()
    app.router.add_get("/t/{n}", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def ndcg(worths: list[int], there: list[int]) -> float:
    """Return how good the first three are, beside the best three there are."""
    best = sorted(there, reverse=True)[:3]

    def gain(found: list[int]) -> float:
        return sum(w / math.log2(n + 2) for n, w in enumerate(found))

    return gain(worths[:3]) / gain(best) if any(best) else 1.0


def begun(who: Person, files: list[Path], folder: Path, number: int) -> Dialogue:
    """Begin the dialogue of somebody whose memory or words say what they like."""
    home = folder / f"p{number}"
    home.mkdir()
    memory = Memory(home, today=lambda: TODAY)
    said = [f"I love {g}." for g in who.likes] + [
        f"I hate {who.dislikes}.",
        f"I like {who.mood} evenings.",
    ]
    if who.writes:
        (folder / "note.md").write_text("\n\n".join(said) + "\n", "utf-8")
        add_words(home, folder / "note.md")
    else:
        for one in said:
            memory.write(PREFERENCES, one, heading="events", source="me")
    wish = f"something to go to on {who.day:%-d %B}, at most {who.km} km away, under {who.price} €"
    return begin_dialogue(
        home / "dialogues", wish, memory=memory, proxy=Proxy(home, folder / "cache" / str(number)),
        domain=domain_named("events"), catalogues=files, today=TODAY, name=f"{number:08x}",
        near=Place(latitude=who.at[0], longitude=who.at[1]),
    )  # fmt: skip


async def played(
    events: list[Event], who: Person, files: list[Path], folder: Path, number: int
) -> dict[str, Any]:
    """Play one dialogue to its end."""
    dialogue = begun(who, files, folder, number)
    view = dialogue.view()
    asked: list[str] = []
    while view.asked is not None:
        asked.append(view.asked.field)
        view = dialogue.answer("no matter")
    fetcher = Fetcher(cache=None, now=lambda: datetime.now(UTC), loopback=True)
    view, looked = await look_at_links(dialogue, view, fetcher)
    await fetcher.close()
    by_number = {str(e.number): e for e in events}
    ids = [option.item.id for option in view.decision.options]
    shown = [o.item.id for o in (view.decision.top, view.decision.backup) if o]
    fits = [
        e
        for e in events
        if e.day == who.day and km(e.at, who.at) <= who.km and e.price <= who.price
    ]
    alive = [e for e in fits if str(e.number) not in looked.dead]
    popular = sorted(alive, key=lambda e: -e.going)
    worths = [who.worth(e) for e in alive]
    return {
        "fits": len(fits), "found": len({str(e.number) for e in alive} & set(ids)), "alive": len(alive), "shown": len(shown),
        "broken": sum(
            e.day != who.day or e.price > who.price or km(e.at, who.at) > who.km + 0.05
            for e in (by_number[i] for i in ids)
        ),
        "dead": sum(by_number[i].dead for i in shown), "left_out": len(looked.dead),
        "asked": len(asked), "asked_known": sum(f in ("genre", "mood", "distance", "price", "start") for f in asked),
        "apart": int(len(set(worths)) > 1),
        "shuffled": ndcg(random.Random(number).sample(worths, len(worths)), worths),
        "ours": ndcg([who.worth(by_number[i]) for i in ids], worths),
        "popular": ndcg([who.worth(e) for e in popular], worths),
    }  # fmt: skip


async def measure() -> dict[str, Any]:
    """Play everybody's."""
    chance = random.Random(15)
    events = city(chance)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with tickets(events) as site:
            files = written(events, folder, site)
            rows = [
                await played(events, person(events, chance), files, folder, n)
                for n in range(PEOPLE)
            ]
    # Where nothing that is on is worth more than anything else, no order is better than another.
    told = [row for row in rows if row["apart"]]
    ours, popular, chance_order = (
        np.array([row[key] for row in told]) for key in ("ours", "popular", "shuffled")
    )
    total = {
        key: sum(row[key] for row in rows) for key in rows[0] if key not in ("ours", "popular")
    }
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "code": code(), "people": len(rows),
        **total, "ndcg": round(float(ours.mean()), 4), "ndcg_interval": mean_interval(ours),
        "ndcg_shuffled": round(float(chance_order.mean()), 4),
        "ndcg_shuffled_interval": mean_interval(chance_order),
        "ndcg_popular": round(float(popular.mean()), 4), "ndcg_popular_interval": mean_interval(popular),
        "lead": round(float((ours - popular).mean()), 4), "lead_interval": mean_interval(ours - popular),
    }  # fmt: skip


def page(told: dict[str, Any]) -> str:
    """Write the figures for people."""
    low, high = (f"{x:.1%}" for x in share_interval(told["dead"], told["shown"]))
    return "\n".join([
        "# A made-up city", "", "Written by `python benchmarks/recommend/city.py`; do not edit by hand.", "",
        f"- date: {told['date']}; code: {told['code']}; machine: {told['machine']}",
        f"- {told['people']} people, {EVENTS} events; {told['fits']:,} events met a wish, {told['found']:,} of the {told['alive']:,} whose link was not found dead were among the options",
        f"- options that broke a day, a way or a price: {told['broken']}",
        f"- proposed with a dead link: {told['dead']} of {told['shown']} (95 % interval {low} to {high}); {told['left_out']} were found dead and left out",
        f"- questions: {told['asked']}; about what was known already (day, way, price, genre, mood): {told['asked_known']}", "",
        f"Of the {told['apart']} people for whom what is on is not all worth the same:", "",
        "| NDCG@3 | | 95 % interval |", "|---|---|---|",
        f"| by what they like | {told['ndcg']:.3f} | {told['ndcg_interval'][0]:.3f} to {told['ndcg_interval'][1]:.3f} |",
        f"| by how many go | {told['ndcg_popular']:.3f} | {told['ndcg_popular_interval'][0]:.3f} to {told['ndcg_popular_interval'][1]:.3f} |",
        f"| in any order | {told['ndcg_shuffled']:.3f} | {told['ndcg_shuffled_interval'][0]:.3f} to {told['ndcg_shuffled_interval'][1]:.3f} |",
        f"| lead over how many go | {told['lead']:+.3f} | {told['lead_interval'][0]:+.3f} to {told['lead_interval'][1]:+.3f} |", "",
    ])  # fmt: skip


if __name__ == "__main__":
    told = asyncio.run(measure())
    (HERE / "city.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    (HERE / "CITY.md").write_text(page(told), "utf-8")
    print(page(told))
