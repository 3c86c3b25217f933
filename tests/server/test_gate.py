"""Who gets in: every route against keys, hosts, origins and connections that dribble."""

import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from manyminds.cli.app import run
from manyminds.server import gate, listening
from manyminds.server.app import paths
from tests.chaos.counts import COUNTS, FULL, LATE_S
from tests.server.conftest import OWNER_KEY, Served
from tests.stub import Stub, fail, say

ROUTES = [
    (method, path.replace("{run}", "20260101-000000-abcdef").replace("{name:path}", "heavy"))
    for method, path in [*paths(), ("POST", "/mcp")]
]
HOSTS = [
    "evil.example", "127.0.0.1.evil.example", "evil.example:{port}", "localhost.evil.example",
    "127.0.0.1@evil.example", "", "0", "[::ffff:1.2.3.4]", "10.0.0.1", "127.0.0.1:{port}:1",
    "127.0.0.1:port", "xn--127-0-0-1.example",
]  # fmt: skip
ORIGINS = [
    "https://evil.example", "null", "http://127.0.0.1.evil.example", "http://localhost:1",
    "file://", "http://127.0.0.1", "https://127.0.0.1:{port}.evil.example", "chrome-extension://x",
    "http://evil.example:{port}", "HTTP://EVIL.EXAMPLE", "", "http://127.0.0.1:{port}@evil.example",
]  # fmt: skip


def asked(served: Served, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    """Send a request with just these headers, as wrong as they may be."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {
        "Host": f"127.0.0.1:{served.port}",
        "Content-Length": "0",
        **headers,
    }.items():
        connection.putheader(name.replace("_", "-"), value.replace("{port}", str(served.port)))
    connection.endheaders()
    reply = connection.getresponse()
    reply.text = reply.read().decode()  # pyright: ignore[reportAttributeAccessIssue]
    connection.close()
    return reply


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_opens_to_a_stranger(served: Served, method: str, path: str) -> None:
    bare = {"": ""}
    wrong = {"Authorization": "Bearer mm-wrong"}
    others = {"Authorization": f"Basic {served.keys['ann']}"}
    for headers in (bare, wrong, others):
        sent = {k: v for k, v in headers.items() if k}
        for host in HOSTS:
            assert asked(served, method, path, **{**sent, "Host": host}).status in (400, 401, 403)
        for origin in ORIGINS:
            assert asked(served, method, path, **sent, Origin=origin).status in (401, 403)
        reply = asked(served, method, path, **sent)
        assert reply.status == (200 if path == "/health" else 401)
        assert reply.headers["Access-Control-Allow-Origin"] is None
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
    good = {"Authorization": f"Bearer {served.keys['ann']}"}
    for host in HOSTS:
        # What is no host at all the protocol itself refuses.
        assert asked(served, method, path, **{**good, "Host": host}).status in (400, 403), host
    for origin in ORIGINS:
        reply = asked(served, method, path, **good, Origin=origin)
        assert reply.status == 403, origin
        assert reply.headers["Access-Control-Allow-Origin"] is None


def test_nobody_sees_or_touches_the_runs_of_another(served: Served, stub: Stub) -> None:
    stub.behaviours = [lambda _body: None]
    name = (
        served.http("ann").post("/v1/runs", json={"question": "?", "model": "single"}).json()["run"]
    )
    bob, owner = served.http("bob"), served.http("")
    for method, path in paths():
        if "{run}" not in path:
            continue
        body = {} if method == "POST" else None
        reply = bob.request(method, path.replace("{run}", name), json=body)
        unknown = bob.request(method, path.replace("{run}", "20260101-000000-abcdef"), json=body)
        assert (reply.status_code, reply.text) == (unknown.status_code, unknown.text)
        assert reply.status_code == 403
    assert bob.get("/v1/runs").json()["runs"] == []
    assert [row["run"] for row in owner.get("/v1/runs").json()["runs"]] == [name]
    assert owner.post(f"/v1/runs/{name}/cancel").status_code == 200


@pytest.mark.parametrize(
    "path", ["..", ".", "%2e%2e", "..%2f..%2fserver.sqlite", "a%00b", "x" * 5_000]
)
def test_a_name_leads_nowhere_else(served: Served, path: str) -> None:
    reply = asked(served, "GET", f"/v1/runs/{path}", Authorization=f"Bearer {OWNER_KEY}")
    assert reply.status in (404, 400)


def test_a_key_in_an_address_is_refused_and_kept_nowhere(served: Served) -> None:
    for name in ("key", "token", "api_key", "access_token", "API_KEY"):
        reply = asked(served, "GET", f"/v1/models?{name}={served.keys['ann']}")
        assert reply.status == 400
        assert served.keys["ann"] not in reply.text  # pyright: ignore[reportAttributeAccessIssue]
    kept = (served.home / "clients.json").read_text()
    assert not any(key in kept for key in (*served.keys.values(), OWNER_KEY))
    assert oct((served.home / "clients.json").stat().st_mode)[-3:] == "600"


def test_no_key_is_said_or_kept_by_a_server_at_work(
    stub: Stub, own_home: Path, tmp_path: Path
) -> None:
    """In what it prints too: of requests that fail, and of runs that do."""
    stub.behaviours = [fail(401), say("nothing")]
    with serving(
        tmp_path, "--model", stub.model, MANYMINDS_SERVER_KEY="s3cret-of-the-owner"
    ) as process:
        url = address(process)
        with httpx2.Client(
            base_url=url, headers={"Authorization": "Bearer s3cret-of-the-owner"}
        ) as one:
            body = {"model": "single", "messages": [{"role": "user", "content": "?"}]}
            statuses = [one.post("v1/chat/completions", json=body).status_code for _ in range(2)]
            statuses += [
                one.get("v1/runs/nobody").status_code,
                one.post("v1/runs", content=b"{").status_code,
            ]
            statuses.append(
                one.get("v1/models", headers={"Authorization": "Bearer wr0ng-key"}).status_code
            )
            statuses.append(one.get("v1/models?key=s3cret-of-the-owner").status_code)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = process.stderr.read()
    assert set(statuses) & {400, 401, 404}
    for key in ("s3cret-of-the-owner", "wr0ng-key"):
        assert key not in said
        kept = [p for p in own_home.rglob("*") if p.is_file() and key.encode() in p.read_bytes()]
        assert kept == []


def test_a_site_that_is_allowed_may_call(stub: Stub, own_home: Path) -> None:
    site = "https://chat.example"
    with Served(home=own_home, model=stub.model, origins=frozenset({site})) as served:
        reply = asked(served, "OPTIONS", "/v1/models", Origin=site)
        assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (204, site)
        reply = asked(
            served, "GET", "/v1/models", Origin=site, Authorization=f"Bearer {served.keys['ann']}"
        )
        assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, site)
        assert asked(served, "GET", "/v1/models", Origin=site).status == 401


def test_a_key_that_was_taken_away_opens_nothing(served: Served) -> None:
    client = served.http("bob")
    assert client.get("/v1/models").status_code == 200
    served.clients.remove("bob")
    assert client.get("/v1/models").status_code == 401


def test_more_than_a_request_may_hold_is_refused(served: Served) -> None:
    client = served.http()
    body = b'{"model": "heavy", "messages": [{"role": "user", "content": "%s"}]}' % (
        b"x" * 5_000_000
    )
    assert client.post("/v1/chat/completions", content=body).status_code in (400, 413)
    assert client.post("/v1/runs", content=b"x" * (gate.LARGEST + 1)).status_code == 413
    pieces = (b"x" * 65_536 for _ in range(200))
    with suppress(httpx2.WriteError, httpx2.ReadError):  # it was closed while we still wrote
        assert client.post("/v1/runs", content=pieces).status_code == 413
    assert client.get("/health").status_code == 200


def dribble(port: int, first: bytes, then: bytes, until: float) -> float:
    """Send a little now and then; return when the other side closed, from the first byte on."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as open_:
        open_.settimeout(0.5)
        try:
            open_.sendall(first)
            while time.monotonic() < until:
                try:
                    while open_.recv(4_096):
                        pass
                    return time.monotonic() - began
                except TimeoutError:
                    if then:
                        open_.sendall(then)
        except OSError:
            return time.monotonic() - began
    return time.monotonic() - began


def test_connections_that_dribble_are_closed_while_others_are_served(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Headers, bodies and nothing at all: each closed within its time, in full 500 at once."""
    if not FULL:
        monkeypatch.setattr(listening, "SAYS_WITHIN_S", 2.0)
        monkeypatch.setattr(gate, "PATIENCE_S", 2.0)
    count, most = (500, 15.0) if FULL else (40, 5.0 + LATE_S)
    head = f"POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {OWNER_KEY}\r\n"
    kinds = [
        (b"GET / HTT", b"P"), (head.encode(), b"X-A: b\r\n"), (b"", b""),
        (f"{head}Content-Length: 9000\r\n\r\n".encode(), b" "),
    ]  # fmt: skip
    until, took = time.monotonic() + most + 10, list[float]()
    threads = [
        threading.Thread(target=lambda k=kinds[i % 4]: took.append(dribble(served.port, *k, until)))
        for i in range(count)
    ]
    for thread in threads:
        thread.start()
    client, waits, meanwhile = served.http(), list[float](), 0
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert client.get("/v1/models").status_code == 200
        waits.append(time.monotonic() - began)
        meanwhile += all(thread.is_alive() for thread in threads)
        time.sleep(0.05)
    assert meanwhile > 2  # answered while every one of them was open
    assert max(took) <= most
    assert sorted(waits)[int(len(waits) * 0.99)] < 1.0 + LATE_S
    COUNTS["sockets that dribbled"] += count
    COUNTS["of these open after 15 s"] += 0


def unread(port: int, until: float) -> float:
    """Ask for much and read none of it; return when the other side gave up, from the beginning."""
    began = time.monotonic()
    with socket.socket() as open_:
        open_.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        open_.connect(("127.0.0.1", port))
        open_.settimeout(0.5)
        gone = select.poll()
        gone.register(open_, select.POLLHUP | select.POLLERR)
        while time.monotonic() < until and not gone.poll(50):
            with suppress(TimeoutError, ConnectionError):
                open_.sendall(b"GET /page.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20)
    return time.monotonic() - began


def test_who_asks_and_does_not_read_is_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    if not FULL:
        monkeypatch.setattr(listening, "TAKES_WITHIN_S", 2.0)
        monkeypatch.setattr(gate, "PATIENCE_S", 2.0)
    most = 15.0 if FULL else 6.0 + LATE_S
    until, took = time.monotonic() + most + 10, list[float]()
    threads = [
        threading.Thread(target=lambda: took.append(unread(served.port, until)))
        for _ in range(50 if FULL else 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        assert served.http().get("/health").status_code == 200
    assert max(took) <= most
    COUNTS["sockets that asked and did not read"] += len(took)
    COUNTS["of these open after 15 s"] += 0


@contextmanager
def serving(tmp_path: Path, *words: str, **env: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "manyminds.cli", "serve", "--port", "0", *words],
        stderr=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ, **env},
    ) as process:  # fmt: skip
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"https?://\S+", line.partition("serving at")[2]):
            return found[0]
    raise AssertionError("it does not serve")


def test_the_command_makes_a_key_up_and_shows_it_behind_the_hash(stub: Stub, own_home: Path, tmp_path: Path) -> None:  # fmt: skip
    with serving(tmp_path, "--model", stub.model) as process:
        url, _, token = address(process).partition("/#token=")
        assert len(token) >= 32
        assert httpx2.get(f"{url}/v1/models").status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx2.get(f"{url}/v1/models", headers=headers).json()["object"] == "list"
    kept = [p for p in own_home.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]
    assert kept == []


def test_what_others_can_reach_needs_a_key(stub: Stub, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        assert run(["serve", "--host", host, "--port", "0", "--model", stub.model]) == 2
        assert "can be reached from elsewhere" in capsys.readouterr().err
    words = ["--host", "0.0.0.0", "--model", stub.model]
    with serving(tmp_path, *words, MANYMINDS_SERVER_KEY="s3") as process:
        url = address(process)
        port = url.rstrip("/").rpartition(":")[2]
        assert "token" not in url
        good = {"Authorization": "Bearer s3"}
        assert httpx2.get(f"http://127.0.0.1:{port}/v1/models", headers=good).status_code == 200
        rebound = {**good, "Host": "evil.example"}
        assert httpx2.get(f"http://127.0.0.1:{port}/v1/models", headers=rebound).status_code == 403


def certificate(folder: Path) -> Sequence[str]:
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run(
        [*words, "-keyout", str(folder / "k"), "-out", str(folder / "c")],
        check=True,
        capture_output=True,
    )
    return ["--tls-cert", str(folder / "c"), "--tls-key", str(folder / "k")]


def test_it_serves_https_and_behind_a_path(stub: Stub, own_home: Path, tmp_path: Path) -> None:
    words = [*certificate(tmp_path), "--root-path", "/mm", "--model", stub.model]
    context = ssl.create_default_context(cafile=str(tmp_path / "c"))
    context.check_hostname = False
    with serving(tmp_path, *words, MANYMINDS_SERVER_KEY="s3") as process:
        url = address(process)
        assert url.startswith("https://")
        assert url.endswith("/mm/")
        headers = {"Authorization": "Bearer s3"}
        for place in (url, url.removesuffix("mm/")):  # whether the proxy takes it away or not
            for path in ("v1/models", "health"):
                found = httpx2.get(f"{place}{path}", headers=headers, verify=context)
                assert found.status_code == 200
            for name in ("", "page.js", "page.css", "icon.svg"):
                assert httpx2.get(f"{place}{name}", verify=context).status_code == 200
        # Who begins to speak TLS and then says nothing more is not waited for.
        took = dribble(
            int(url.split(":")[2].split("/")[0]),
            b"\x16\x03\x01",
            b"",
            time.monotonic() + 25 + LATE_S,
        )
        assert took <= 15 + LATE_S
        moved = httpx2.get(url.removesuffix("/"), verify=context)
        assert (moved.status_code, moved.headers["location"]) == (308, "/mm/")


@pytest.mark.parametrize("path", ["/", "/page.js", "/page.css", "/icon.svg", "/index.html"])
def test_the_page_is_open_to_all_and_to_no_other_host(served: Served, path: str) -> None:
    reply = asked(served, "GET", path)
    assert reply.status == 200
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    for host in HOSTS:
        assert asked(served, "GET", path, Host=host).status in (400, 403), host
    for origin in ORIGINS:
        assert asked(served, "GET", path, Origin=origin).status == 403, origin
    assert asked(served, "POST", path).status in (401, 405)


@pytest.mark.parametrize("path", ["/page.html", "/../page.js", "/sources.sha256", "/page/page.js", "//page.js"])  # fmt: skip
def test_nothing_else_is_served_as_the_page(served: Served, path: str) -> None:
    assert asked(served, "GET", path).status in (400, 401, 404)


def test_clients_are_made_and_taken_away(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert run(["serve", "keys", "add", "ann", "--budget", "500k", "--scopes", "ask"]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("mm-")
    assert run(["serve", "keys", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["clients"]
    assert told == {"ann": {"scopes": ["ask"], "budget": "500k", "days": 30}}
    for words, why in (
        (["add", "ann"], "already"), (["add", "a b"], "letters"), (["add", "x", "--scopes", "fly"], "scope"),
        (["add", "x", "--budget", "5m"], "tokens and dollars"), (["remove", "bob"], "bob"),
    ):  # fmt: skip
        assert run(["serve", "keys", *words]) == 2
        assert why in capsys.readouterr().err
    assert run(["serve", "keys", "remove", "ann"]) == 0
    capsys.readouterr()
    assert run(["serve", "keys"]) == 0
    assert "no clients yet" in capsys.readouterr().err
    (own_home / "clients.json").write_text("{")
    assert run(["serve", "keys"]) == 2
    assert "cannot be read" in capsys.readouterr().err
