"""A job board: the match is the right one, and nobody applies without a yes."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from manyminds.cli.app import run
from tests.browser import chromium
from tests.recommend.sites import Sites

SKILLS = ("python", "rust", "sql", "go", "java", "kotlin")
LEVELS = ("junior", "senior", "lead")
PLACES = ("bonn", "berlin", "hamburg", "leipzig")
Job = dict[str, Any]
RECIPE = """at: SITE
steps:
  - {open: "{link}"}
  - {fill: Name, value: "{name}"}
  - {fill: Email, value: "{email}"}
  - {fill: Letter, value: "{letter}"}
  - {press: Apply, act: submit}
receipt: Application sent
look: SITE/orders
mark: "jobs/ITEM/{name}"
"""


def board(origin: str, folder: Path) -> list[Job]:
    """Sixty jobs, as a page with schema.org data; no two pay the same."""
    chance = random.Random(17)
    pay = chance.sample(range(38, 110), 60)
    jobs: list[Job] = [
        {
            "n": n, "pay": pay[n] * 1_000, "skills": chance.sample(SKILLS, 2), "level": chance.choice(LEVELS),
            "place": chance.choice(PLACES), "remote": chance.random() < 0.5,
        }
        for n in range(60)
    ]  # fmt: skip
    told = [
        {
            "@type": "JobPosting", "title": f"Engineer {job['n']}", "identifier": {"value": f"item{job['n']}"},
            "baseSalary": {"currency": "EUR", "value": {"minValue": job["pay"]}}, "skills": job["skills"],
            "seniority": job["level"], "jobLocation": {"address": {"addressLocality": job["place"].title()}},
            "url": f"{origin}/jobs/item{job['n']}", **({"jobLocationType": "TELECOMMUTE"} if job["remote"] else {}),
        }
        for job in jobs
    ]  # fmt: skip
    page = f"<script type='application/ld+json'>{json.dumps(told)}</script>"
    (folder / "board.html").write_text(f"<html><body>{page}</body></html>", "utf-8")
    return jobs


def seeker(jobs: list[Job], chance: random.Random) -> tuple[str, Job | None]:
    """What somebody looks for, and the job that meets all of it and pays most."""
    skill, level, least = chance.choice(SKILLS), chance.choice(LEVELS), chance.randrange(40, 80, 5)
    remote, place = chance.random() < 0.3, chance.choice(PLACES)
    where = "remote" if remote else f"in {place}" if chance.random() < 0.4 else ""
    fits = [
        job for job in jobs
        if skill in job["skills"] and job["level"] == level and job["pay"] >= least * 1_000
        and (job["remote"] if remote else place == job["place"] if where else True)
    ]  # fmt: skip
    wish = ", ".join(filter(None, [f"a {level} {skill} job", where, f"at least {least}k"]))
    return wish, max(fits, key=lambda job: job["pay"], default=None)


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    assert run([*words, "--json"]) == code, words
    return json.loads(capsys.readouterr().out)


def test_the_best_paid_job_that_meets_everything_is_the_match(
    own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs, chance = board("https://jobs.example", tmp_path), random.Random(3)
    matched = nothing = 0
    for _ in range(40):
        wish, gold = seeker(jobs, chance)
        found = told(
            capsys, "recommend", wish, "--from", str(tmp_path / "board.html"), "--domain", "jobs", "--no-ask",
            code=0 if gold else 1,
        )  # fmt: skip
        assert found["unread"] == [], wish
        if gold is None:
            nothing += found["top"] is None
            continue
        assert found["top"]["id"] == f"item{gold['n']}", wish
        matched += 1
    assert matched + nothing == 40
    assert matched > 15
    assert nothing > 3


def test_nobody_applies_without_a_yes_and_with_one_once(
    own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chromium()
    with Sites() as sites:
        jobs, chance = board(sites.origin, tmp_path), random.Random(3)
        wish, gold = next(pair for pair in (seeker(jobs, chance) for _ in range(40)) if pair[1])
        assert gold is not None
        name = f"item{gold['n']}"
        recipes = own_home / "me" / "sites"
        recipes.mkdir(parents=True)
        (recipes / "jobs.yaml").write_text(
            RECIPE.replace("SITE", sites.origin).replace("ITEM", name)
        )
        asked = (
            "recommend",
            wish,
            "--from",
            str(tmp_path / "board.html"),
            "--domain",
            "jobs",
            "--no-ask",
        )
        told(capsys, *asked)
        told(capsys, "recommend", "--go-on", "last", "--choose", "1", "--no-ask")
        words = [
            "do", "--go-on", "last", "--with", "name=Ann", "--with", "email=ann@example.org",
            "--with", "letter=I would like to.",
        ]  # fmt: skip
        act = told(capsys, *words, code=1)["act"]
        assert all(said in act["card"] for said in (name, "ann@example.org", "I would like to."))
        assert sites.state.orders == []
        assert told(capsys, *words, "--yes", "0" * 12, code=1)["state"] != "done"
        assert sites.state.orders == []
        assert told(capsys, *words, "--yes", act["digest"])["state"] == "done"
        told(capsys, *words, "--yes", act["digest"])
        assert [order["item"] for order in sites.state.orders] == [name]
