"""Runs over HTTP: begun, watched, steered, taken up again."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from manyminds.core.events import Replied, Steered
from manyminds.core.values import Limits
from manyminds.runtime import doctor
from manyminds.runtime.doctor import Finding
from manyminds.runtime.door import Row, SqliteDoor, Statement
from manyminds.server.books import Books
from manyminds.server.clients import Client
from manyminds.server.engine import _Place  # pyright: ignore[reportPrivateUsage]
from manyminds.server.refusals import Refused
from manyminds.testing import act, final
from manyminds.transcript.store import new_transcript_path, read_transcript
from tests.server.conftest import Served, wait_for
from tests.stub import Body, Stub, say

ASK = {"question": "What is 6 * 7?", "model": "single"}


def events(client: httpx2.Client, run: str, **headers: str) -> list[tuple[int, str, dict]]:
    """Read a run's events to their end: number, kind and data."""
    found: list[tuple[int, str, dict]] = []
    with client.stream("GET", f"/v1/runs/{run}/events", headers=headers) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        number, kind = -1, ""
        for line in reply.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                number = int(value)
            elif name == "event":
                kind = value
            elif name == "data":
                found.append((number, kind, json.loads(value)))
    return found


def test_a_run_is_begun_watched_and_read(served: Served, stub: Stub) -> None:
    stub.behaviours, stub.delay_s = [say(act("calculate", expression="6*7")), say(final("42"))], 0.2
    client = served.http()
    begun = client.post("/v1/runs", json=ASK)
    assert begun.status_code == 201
    run = begun.json()["run"]
    assert begun.headers["location"] == f"/v1/runs/{run}"
    seen = events(client, run)
    assert [number for number, _, _ in seen] == list(range(len(seen)))
    assert (seen[0][1], seen[-1][1]) == ("run_started", "run_ended")
    told = client.get(f"/v1/runs/{run}").json()
    assert (told["state"], told["answer"]["text"]) == ("finished", "42")
    [row] = client.get("/v1/runs").json()["runs"]
    assert (row["run"], row["question"]) == (run, ASK["question"])


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(served: Served, stub: Stub) -> None:
    stub.behaviours, stub.delay_s = [say(final("42"))], 0.3
    client = served.http()
    run = client.post("/v1/runs", json={**ASK, "model": "heavy"}).json()["run"]
    first: list[int] = []
    with client.stream("GET", f"/v1/runs/{run}/events") as reply:
        for line in reply.iter_lines():
            if line.startswith("id: "):
                first.append(int(line[4:]))
            if len(first) == 3:
                break
    later = events(client, run, **{"Last-Event-ID": str(first[-1])})
    numbers = first + [number for number, _, _ in later]
    assert numbers == list(range(len(numbers)))
    assert later[-1][1] == "run_ended"


def test_one_key_begins_one_run(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    client = served.http()
    key = {"Idempotency-Key": "k1"}
    first = client.post("/v1/runs", json=ASK, headers=key)
    again = client.post("/v1/runs", json=ASK, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["run"] == again.json()["run"]
    other = client.post("/v1/runs", json={**ASK, "question": "?"}, headers=key)
    assert other.status_code == 409
    theirs = served.http("bob").post("/v1/runs", json=ASK, headers=key)
    assert theirs.json()["run"] != first.json()["run"]


def test_a_run_is_steered_and_stopped(served: Served, stub: Stub) -> None:
    stub.behaviours, stub.delay_s = [say(act("calculate", expression="6*7"))], 0.2
    client = served.http()
    run = client.post("/v1/runs", json=ASK).json()["run"]
    wait_for(client, run, "working")
    assert client.post(f"/v1/runs/{run}/steer", json={"text": "count pens"}).status_code == 200
    assert client.post(f"/v1/runs/{run}/steer", json={"what": "dance"}).status_code == 400
    assert client.post(f"/v1/runs/{run}/approve").status_code == 409
    ends = time.monotonic() + 10
    while "count pens" not in json.dumps(stub.requests[-1:]) and time.monotonic() < ends:
        time.sleep(0.1)
    assert "count pens" in json.dumps(stub.requests[-1])
    assert client.post(f"/v1/runs/{run}/cancel").status_code == 200
    assert wait_for(client, run, "finished")["missing"] == ["you cancelled it"]
    assert client.post(f"/v1/runs/{run}/stop").status_code == 409


def test_more_than_there_is_room_for_is_told_to_come_back(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [lambda _body: None]
    with Served(home=own_home, model=stub.model, at_once=1, waiting=2) as served:
        client = served.http()
        replies = [client.post("/v1/runs", json=ASK) for _ in range(5)]
        assert [reply.status_code for reply in replies] == [201, 201, 201, 503, 503]
        assert int(replies[-1].headers["retry-after"]) >= 1
        waiting = replies[2].json()["run"]
        assert client.post(f"/v1/runs/{waiting}/cancel").status_code == 200
        assert client.get(f"/v1/runs/{waiting}").json()["state"] == "finished"
        ends = time.monotonic() + 20
        while served.house.engine.load[0] > 2 and time.monotonic() < ends:
            time.sleep(0.05)
        assert client.post("/v1/runs", json=ASK).status_code == 201
        for reply in replies[:2]:
            client.post(f"/v1/runs/{reply.json()['run']}/cancel")


def test_runs_go_on_when_the_server_is_back(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [say(act("calculate", expression="6*7")), lambda _body: None]
    first = Served(home=own_home, model=stub.model)
    with first as served:
        run = served.http().post("/v1/runs", json=ASK).json()["run"]
        ends = time.monotonic() + 10
        while len(stub.requests) < 2 and time.monotonic() < ends:
            time.sleep(0.05)
    stub.behaviours = [say(final("42"))]
    with Served(home=own_home, model=stub.model, keys=first.keys) as served:
        told = wait_for(served.http(), run, "finished")
    assert told["answer"]["text"] == "42"
    found = read_transcript(new_transcript_path(own_home, run)).events
    assert sum(isinstance(r.event, Replied) for r in found) == 2
    assert len(stub.requests) == 3


def test_a_run_that_cannot_be_worked_says_why(own_home: Path, stub: Stub) -> None:
    with Served(home=own_home, model="http://127.0.0.1:9/v1#gone") as served:
        client = served.http()
        run = client.post("/v1/runs", json=ASK).json()["run"]
        told = wait_for(client, run, "failed")
        assert "127.0.0.1:9" in told["missing"][0]
        reply = client.post(
            "/v1/chat/completions",
            json={"model": "single", "messages": [{"role": "user", "content": "?"}]},
        )
        assert reply.status_code == 502
        assert reply.json()["error"]["code"] == "provider_error"


def test_a_plan_waits_for_a_yes(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(json.dumps({"goal": "g", "parts": [{"question": "What?", "why": "w"}]}))]
    client = served.http()
    body = {"question": "What is new?", "model": "research", "approve": True}
    run = client.post("/v1/runs", json=body).json()["run"]
    told = wait_for(client, run, "waiting", "finished")
    assert told["state"] == "waiting", told
    assert told["waits_for"]["what"] == "plan"
    assert client.post(f"/v1/runs/{run}/deny").status_code == 200
    assert "you denied the plan" in wait_for(client, run, "finished")["missing"]


def test_a_budget_is_kept_over_all_runs(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    served.keys["cat"] = served.clients.add(Client(name="cat", budget="9k"))
    client = served.http("cat")
    done = 0
    for _ in range(200):
        reply = client.post(
            "/v1/chat/completions",
            json={"model": "single", "messages": [{"role": "user", "content": "6*7?"}]},
        )
        if reply.status_code == 429:
            break
        done += 1
    assert reply.status_code == 429
    assert reply.json()["error"]["code"] == "insufficient_quota"
    spent = served.house.engine.books.door.do(
        ("select sum(tokens), count(*) from run where client = 'cat'", ())
    )[0][0]
    assert spent == (done * 120, done)
    assert 9_000 - 2_000 < done * 120 <= 9_000
    assert served.http("bob").get("/v1/runs").json()["runs"] == []


@dataclass(frozen=True)
class Slow:
    """A database that takes its time: what others do meanwhile shows."""

    door: SqliteDoor

    def do(self, *statements: Statement) -> list[list[Row]]:
        found = self.door.do(*statements)
        time.sleep(0.002)
        return found


def test_runs_side_by_side_do_not_spend_the_same_budget(own_home: Path) -> None:
    books = Books(Slow(SqliteDoor(own_home / "server.sqlite")))
    client = Client(name="eve", budget="40k")

    def enter(number: int) -> int:
        limits = books.enter(f"r{number}", client, Limits(), datetime.now(UTC), goes_on=False)
        return limits.tokens or 0

    def tried(number: int) -> int:
        try:
            return enter(number)
        except Refused:
            return 0

    with ThreadPoolExecutor(16) as threads:
        given = list(threads.map(tried, range(64)))
    assert 38_000 < sum(given) <= 40_000


def test_scopes_are_kept(served: Served, stub: Stub) -> None:
    served.keys["dan"] = served.clients.add(Client(name="dan", scopes=("ask",)))
    client = served.http("dan")
    for body in ({**ASK, "web": True}, {**ASK, "model": "research"}):
        reply = client.post("/v1/runs", json=body)
        assert reply.status_code == 403
    assert not stub.requests


@pytest.mark.parametrize(
    "body",
    [
        {}, {"question": ""}, {"question": "?", "members": 10**9}, {"question": "?", "seed": -1},
        {"question": "?", "surprise": 1}, {"question": 7}, {"question": "?", "schema": {"type": 7}},
        {"question": "?", "budget": "much"}, {"question": "?" * 1_000_001}, {"question": "?", "web": "yes"},
    ],
)  # fmt: skip
def test_what_is_no_run_is_refused(served: Served, body: dict) -> None:
    reply = served.http().post("/v1/runs", json=body)
    assert reply.status_code == 400, reply.text


def test_a_yes_is_to_what_was_asked_and_to_nothing_else(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(json.dumps({"goal": "g", "parts": [{"question": "What?", "why": "w"}]}))]
    client = served.http()
    body = {"question": "What is new?", "model": "research", "approve": True}
    run = client.post("/v1/runs", json=body).json()["run"]
    asks = wait_for(client, run, "waiting")["waits_for"]
    wrong = client.post(f"/v1/runs/{run}/approve", json={"number": asks["number"] + 1})
    assert wrong.status_code == 409
    assert wait_for(client, run, "waiting")["waits_for"] == asks
    assert (
        client.post(f"/v1/runs/{run}/approve", json={"number": asks["number"]}).status_code == 200
    )


def test_members_of_a_run_work_with_the_efforts_that_a_client_asks_for(served: Served, stub: Stub) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    client = served.http()
    body = {**ASK, "model": "heavy", "members": 3, "efforts": ["low", "high"]}
    run = client.post("/v1/runs", json=body).json()["run"]
    wait_for(client, run, "finished")
    [started] = [data for _, kind, data in events(client, run) if kind == "run_started"]
    efforts = [member["effort"] for member in started["event"]["members"]]
    assert efforts == ["low", "high", "low"]
    wrong = client.post("/v1/runs", json={**body, "efforts": ["most"]})
    assert wrong.status_code == 400
    assert "efforts" in wrong.json()["error"]["message"]


def test_a_run_says_why_it_failed_to_its_client_alone(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42", reason="We assume 7 chairs in each row."))]
    client = served.http()
    asked = {"question": "How many chairs do 6 rows make?"}
    run = client.post("/v1/runs", json={**ASK, **asked}).json()["run"]
    wait_for(client, run, "finished")
    found = client.get(f"/v1/runs/{run}/diagnosis").json()
    assert "FM-2.2" in [one["code"] for one in found["findings"]]
    assert [(one["code"], one["heeded"]) for one in found["told"]] == [("FM-2.2", False)]
    assert served.http("bob").get(f"/v1/runs/{run}/diagnosis").status_code == 403


def settled(served: Served) -> None:
    """Wait until the books know what each run has cost; a run is told to be over just before."""
    ends = time.monotonic() + 20
    while list(served.house.engine.books.unsettled()):
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_fork_keeps_within_what_its_client_has_left(own_home: Path, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    with Served(home=own_home, model=stub.model) as served:
        served.keys["poor"] = served.clients.add(Client(name="poor", budget="100k"))
        client = served.http("poor")
        run = client.post("/v1/runs", json={**ASK, "budget": "60k"}).json()["run"]
        wait_for(client, run, "finished")
        settled(served)
        fork = client.post(f"/v1/runs/{run}/fork", json={"at": 3})
        assert fork.status_code == 201
        forked = wait_for(client, fork.json()["run"], "finished")
        settled(served)
        # What the first run has paid for is in the fork's receipt, and not paid again.
        books = served.house.engine.books.door
        [[paid], [again]] = books.do(*(("select tokens from run where run = ?", (name,)) for name in (run, forked["run"])))  # fmt: skip
        assert int(str(paid[0])) > 0
        assert int(str(again[0])) <= sum(
            forked["cost"][name] for name in ("tokens_in", "tokens_out")
        )
        [whole] = books.do(("select sum(tokens) from run where client = ?", ("poor",)))
        assert int(str(whole[0][0])) == 120 * len(stub.requests)
        [held] = served.house.engine.books.door.do(("select sum(tokens) from run where client = ?", ("poor",)))  # fmt: skip
        assert int(str(held[0][0])) < 100_000
        served.house.engine.books.door.do(("update run set tokens = 90000 where run = ?", (run,)))
        refused = client.post(f"/v1/runs/{run}/fork", json={"at": 3})
        assert refused.status_code == 429
        assert len(client.get("/v1/runs").json()["runs"]) == 2
        bob = served.http("bob")
        assert bob.post(f"/v1/runs/{run}/fork").status_code == 403
        assert bob.get(f"/v1/runs/{run}/share").status_code == 403


def test_a_shared_run_holds_nothing_of_documents_keys_and_places(own_home: Path, stub: Stub, tmp_path: Path) -> None:  # fmt: skip
    docs = tmp_path / "papers"
    docs.mkdir()
    secret = "The Kestrel filter is worth 48217 crowns."
    (docs / "note.md").write_text(f"# Filters\n\n{secret}\n")
    stub.behaviours = [say(act("search_docs", query="filter")), say(final("blue"))]
    question = f"What is in {tmp_path} for sk-abcdefghijklmnop1234567890, at http://10.0.0.5:8000/v1#m and http://nas.local/x?"  # fmt: skip
    with Served(home=own_home, model=stub.model, docs=docs) as served:
        client = served.http()
        run = client.post("/v1/runs", json={"question": question, "model": "single"}).json()["run"]
        told = wait_for(client, run, "finished")
        text = client.get(f"/v1/runs/{run}/share").text
    assert secret in json.dumps(told)  # it was read
    page, _, _ = text.partition('<script type="module">')
    quoted = [c["quote"] for c in told["answer"]["citations"]]
    for part in ("sk-abcdefghijklmnop", "10.0.0.5", "nas.local", str(own_home), stub.url):
        assert part not in page, part
    events = json.loads(page.partition('id="shared">')[2].partition("</script>")[0])["events"]
    outputs = [e["event"].get("evidence", []) for e in events]
    assert not any("48217" in str(found) for found in outputs)
    assert "48217" not in str([e["event"] for e in events if e["event"]["kind"] != "run_ended"])
    end = events[-1]["event"]["answer"]
    assert "48217" not in str(end["evidence"])
    assert [c["quote"] for c in end["citations"]] == quoted


def test_a_search_is_not_stopped_by_a_run_that_cannot_be_read(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    client = served.http()
    runs = [client.post("/v1/runs", json=ASK).json()["run"] for _ in range(2)]
    for run in runs:
        wait_for(client, run, "finished")
    new_transcript_path(served.home, runs[0]).write_text("no line of ours\n")
    found = client.get("/v1/runs", params={"search": "6 7"}).json()["runs"]
    assert [row["run"] for row in found] == runs[1:]


def test_a_run_that_never_began_cannot_be_forked(served: Served, stub: Stub) -> None:
    stub.delay_s = 0.5
    client = served.http()
    runs = [
        client.post("/v1/runs", json={"question": "?", "model": "single"}).json()["run"]
        for _ in range(9)
    ]
    waits = runs[-1]
    assert client.post(f"/v1/runs/{waits}/cancel").status_code == 200
    forked = client.post(f"/v1/runs/{waits}/fork", json={})
    assert (forked.status_code, forked.json()["error"]["code"]) == (409, "never_began")


def test_many_who_look_at_the_machine_share_one_look(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    looks: list[float] = []

    async def slow() -> list[Finding]:
        looks.append(time.monotonic())
        await asyncio.sleep(0.3)
        return [Finding(what="Python", works=True, found="3")]

    monkeypatch.setattr(doctor, "look", slow)
    with ThreadPoolExecutor(8) as many:
        replies = list(many.map(lambda _: served.http("").get("/v1/doctor"), range(8)))
    assert {reply.status_code for reply in replies} == {200}
    assert len(looks) == 1


@pytest.mark.anyio
async def test_a_run_that_pauses_again_before_it_has_a_place_holds_none() -> None:
    places = asyncio.Semaphore(1)
    mine, other = _Place(places), _Place(places)
    await mine.take()
    for what in ("pause", "go", "pause"):
        mine.heed(Steered(what=what, text=""))  # pyright: ignore[reportArgumentType]
        await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await other.take()
    await mine.give()
    await other.give()
    assert not places.locked()


def test_a_paused_run_lets_others_work(stub: Stub, own_home: Path) -> None:
    def behave(body: Body) -> str:
        return final("42") if "calculate" in str(body["messages"][1:]) else act("calculate", expression="6*7")  # fmt: skip

    stub.behaviours, stub.delay_s = [behave], 1.0
    with Served(home=own_home, model=stub.model, at_once=1) as served:
        client = served.http()
        first = client.post("/v1/runs", json=ASK).json()["run"]
        wait_for(client, first, "working")
        assert client.post(f"/v1/runs/{first}/steer", json={"what": "pause"}).status_code == 200
        other = client.post("/v1/runs", json=ASK).json()["run"]
        wait_for(client, other, "finished")
        assert client.get(f"/v1/runs/{first}").json()["state"] == "working"
        assert client.post(f"/v1/runs/{first}/steer", json={"what": "go"}).status_code == 200
        assert wait_for(client, first, "finished")["answer"]["text"] == "42"
        third = client.post("/v1/runs", json=ASK).json()["run"]
        wait_for(client, third, "finished")
        ends = time.monotonic() + 20
        while served.house.engine.load[0] and time.monotonic() < ends:
            time.sleep(0.05)
        assert served.house.engine.load[0] == 0
