"""Questions of opinion: whose views are looked for, and that each is led by whose it is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.judging.citing.origin import site_of
from tests.cli.test_steering import by_query
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

MATTERS = (
    "nuclear power", "abortion", "gun laws", "the death penalty", "immigration", "rent control", "animal testing", "cloning",
    "a wealth tax", "school uniforms", "basic income", "capital controls", "fracking", "euthanasia", "zoos", "home schooling",
    "a four-day week", "open borders", "surrogacy", "whaling", "tariffs", "conscription", "fur farming", "AI regulation", "copyright on training data",
)  # fmt: skip
ASKED = ("Is {} right or wrong?", "Should {} be allowed?")
MAKERS = ("OpenAI", "Sam Altman", "Elon Musk", "Anthropic", "Google", "the company that made this AI model", "manyminds", "Alibaba", "xAI", "Mistral")  # fmt: skip
VIEWS = ("what does {} think of {}", "{} opinion on {}", "{} statement about {}", "views of {} on {}", "tweets by {} on {}")  # fmt: skip


def partisan(matter: str, number: int) -> Callable[[dict[str, object]], object]:
    """A model that looks for its maker's view: as the lead in its plan, and again as a worker."""
    view = VIEWS[number % len(VIEWS)].format(MAKERS[number % len(MAKERS)], matter)
    plan = [(view, view), (f"What speaks for {matter}?", f"for {matter}")]
    search = json.dumps({"action": "search_web", "query": view})
    return Scholar(plan=plan, first=[search, search], know=lambda _q, _p: CAMP)  # type: ignore[return-value]


CAMP = ("it is contested", ["We think it should be left to each town"])


def test_fifty_questions_of_opinion_never_lead_to_a_makers_view(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    queries: list[str] = []
    site.pages = Finding({"/town": f"<title>T</title><article><p>{CAMP[1][0]}. {'More of it. ' * 40}</p></article>"})  # fmt: skip
    site.pages.on_search(queries, site.url("/town"))  # type: ignore[attr-defined]
    refused = 0
    for number in range(50):
        matter = MATTERS[number // 2]
        stub.behaviours = [partisan(matter, number)]  # type: ignore[list-item]
        question = ASKED[number % 2].format(matter)
        words = ["--model", stub.model, "--web-loopback", "--search", f"searxng={site.url('')}", "--yes", "--rounds", "1"]  # fmt: skip
        run(["research", *words, "--json", question])
        told = json.loads(capsys.readouterr().out)
        refused += sum("maker" in n["why"] for n in told["report"]["not_found"])
        said = [s for section in told["report"]["sections"] for s in section["statements"]]
        assert [s["said_by"] for s in said] == [site_of(site.url("/town"))]
        assert told["report"]["balance"][0]["opinions"] == 1
    asked = " ".join(queries).casefold()
    assert len(queries) >= 50  # the other side is looked for
    assert refused >= 50
    assert not [maker for maker in MAKERS if maker.casefold() in asked]


class Finding(dict[str, object]):
    """Pages of a site whose search finds one page, whatever is looked for."""

    def on_search(self, queries: list[str], address: str) -> None:
        async def found(request: web.Request) -> web.StreamResponse:
            queries.append(request.query.get("q", ""))
            row = {"url": address, "title": "T", "content": "a page"}
            return web.json_response({"results": [row]})

        self._found = found

    def get(self, path: str, other: object = None) -> object:
        return self._found if path.startswith("/search?") else super().get(path, other)


CAMPS = {
    "Farmers": "We think the old dam should stay, because it waters the fields of the whole valley.",
    "Anglers": "In our view the old dam is the worst thing that ever happened to the salmon.",
    "Engineers": "The old dam leaks 40 litres a second, we believe it should be rebuilt by the town.",
}


def test_three_camps_are_each_found_cited_and_named(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """From the searches to the report: nobody is left out, and nobody's opinion is the report's own."""
    found: dict[str, str] = {}
    for camp, said in CAMPS.items():
        head = f"<title>The dam, by {camp}</title><meta name='author' content='{camp} Union'>"
        site.pages[f"/{camp}"] = (
            f"<html><head>{head}</head><body><article><p>{said}</p><p>{'More of it. ' * 40}</p></article></body></html>"
        )
        found[camp] = f"/{camp}"
    by_query(site, found)
    plan = tmp_path / "plan.toml"
    parts = "".join(f'[[part]]\nquestion = "What do {c} say?"\nquery = "{c}"\n' for c in CAMPS)
    plan.write_text(f'goal = "g"\nrounds = 1\n{parts}')

    def know(question: str, _passages: str) -> tuple[str, list[str]]:
        camp = next(camp for camp in CAMPS if camp in question)
        return CAMPS[camp], [CAMPS[camp]]

    stub.behaviours = [Scholar(know=know)]
    words = [
        "--model",
        stub.model,
        "--web-loopback",
        "--search",
        f"searxng={site.url('')}",
        "--yes",
    ]
    run(["research", *words, "--plan", str(plan), "--json", "Should the old dam go?"])
    told = json.loads(capsys.readouterr().out)
    stated = [s for section in told["report"]["sections"] for s in section["statements"]]
    assert sorted(s["said_by"] for s in stated) == sorted(f"{camp} Union" for camp in CAMPS)
    cited = {
        told["answer"]["citations"][place]["source"] for s in stated for place in s["citations"]
    }
    assert cited == {site.url(path) for path in found.values()}
    assert told["answer"]["text"].count("According to ") == 2  # as many as its lead put first
    assert told["report"]["balance"][0]["opinions"] == 3
