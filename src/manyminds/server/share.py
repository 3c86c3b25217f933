"""One run as one file of HTML that anybody can open: redacted, with all it needs inside.

What members wrote word for word, and what they read in documents of this machine, stays here; so
do its paths and addresses. The answer's own citations go along, being part of it.
"""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from manyminds.core.events import Recorded
from manyminds.core.messages import JsonValue
from manyminds.server.refusals import Refused
from manyminds.server.runs import own
from manyminds.server.static import page_file
from manyminds.transcript.codec import encode
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["redacted", "share", "shared_page"]

_LEFT_OUT = "(left out of this copy)"
_EVIDENCE = {"id", "tool", "request", "output", "source"}
_LOCAL = (
    r"\bhttps?://(?:127(?:\.\d+){3}|10(?:\.\d+){3}|192\.168(?:\.\d+){2}|169\.254(?:\.\d+){2}"
    r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}|localhost|\[[0-9a-f:.]+\]|[\w-]+|[\w.-]+\."
    r"(?:local|lan|internal|home|corp))(?=[:/#\s]|$)(?::\d+)?[^\s#\"']*"
)
"""Addresses on this machine and of the network around it."""
_HIDDEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:sk|pk|rk|mm|key|ghp|xox[a-z])[-_][A-Za-z0-9_-]{16,}"), "(a key)"),
    (re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/-]{12,}=*"), "(a key)"),
    (re.compile(_LOCAL), "local"),
)  # fmt: skip


async def share(request: Request) -> Response:
    """Return a run as one file that can be given to anybody."""
    house, run = await own(request)
    path = new_transcript_path(house.engine.data, run)
    if not path.exists():
        raise Refused(409, f"run {run} has not begun", code="not_begun")
    text = await asyncio.to_thread(shared_page, path)
    name = f'attachment; filename="manyminds-{run}.html"'
    return Response(text, media_type="text/html", headers={"Content-Disposition": name})


def shared_page(path: Path) -> str:
    """Write the file of a run.

    Args:
        path: Its transcript.

    Raises:
        RecordError: If it cannot be read.
    """
    transcript = read_transcript(path)
    events = redacted(transcript.events, (str(path.parents[2]), str(Path.home()), str(Path.cwd())))
    title = escape(_question(events)[:120])
    script = page_file("page.js").decode().replace("</script", "<\\/script")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"
    data = json.dumps({"run": path.parent.name, "events": events}, ensure_ascii=False)
    # Nothing in the data may end its element.
    data = data.replace("<", "\\u003c")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · manyminds</title>"
        f"<style>{page_file('page.css').decode()}</style></head>"
        f'<body><div id="root"></div><script type="application/json" id="shared">{data}</script>'
        f'<script type="module">{script}</script></body></html>'
    )


def _question(events: list[JsonValue]) -> str:
    """Return the question as the redacted events have it."""
    first = events[0] if events else None
    event = first.get("event") if isinstance(first, dict) else None
    task = event.get("task") if isinstance(event, dict) else None
    return " ".join(str(task.get("prompt", "")).split()) if isinstance(task, dict) else "a run"


def redacted(events: Sequence[Recorded], places: Sequence[str]) -> list[JsonValue]:
    """Return events as JSON, less what is nobody else's business.

    Args:
        events: Of one run.
        places: Folders whose names are left out.
    """
    hidden = [(re.compile(re.escape(place) + r"\b"), "~") for place in places if len(place) > 1]
    return [_scrubbed(_unread(json.loads(encode(one))), (*hidden, *_HIDDEN)) for one in events]


def _unread(value: JsonValue) -> JsonValue:
    """Leave out raw replies, and what was read here or came from other servers, wherever it is."""
    if isinstance(value, list):
        return [_unread(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _unread(one) for key, one in value.items()}
    if found.get("kind") == "replied":
        return {**found, "text": _LEFT_OUT if found["text"] else "", "calls": []}
    if set(found) >= _EVIDENCE and not _is_open(found):
        return {**found, "output": _LEFT_OUT}
    return found


def _is_open(evidence: dict[str, JsonValue]) -> bool:
    """Say whether anybody could have read it, or it was computed."""
    source, tool = evidence["source"], str(evidence["tool"])
    if isinstance(source, str):
        return source.startswith(("https:", "http:"))
    return not tool.startswith("mcp_") and tool not in ("search_docs", "read_doc")


def _scrubbed(value: JsonValue, hidden: Sequence[tuple[re.Pattern[str], str]]) -> JsonValue:
    if isinstance(value, str):
        for pattern, instead in hidden:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, list):
        return [_scrubbed(one, hidden) for one in value]
    if isinstance(value, dict):
        return {key: _scrubbed(one, hidden) for key, one in value.items()}
    return value
