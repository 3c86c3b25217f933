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
from dataclasses import replace
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from manyminds.core.events import Recorded, Replied, ToolReturned
from manyminds.core.messages import JsonValue
from manyminds.core.values import Evidence
from manyminds.runtime.kept import question_of
from manyminds.server.refusals import Refused
from manyminds.server.runs import own
from manyminds.server.static import page_file
from manyminds.transcript.codec import encode
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["redacted", "share", "shared_page"]

_LEFT_OUT = "(left out of this copy)"
_LOCAL = r"\bhttps?://(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?[^\s#\"']*"
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
    title = escape(" ".join(question_of(transcript).split())[:120])
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


def redacted(events: Sequence[Recorded], places: Sequence[str]) -> list[JsonValue]:
    """Return events as JSON, less what is nobody else's business.

    Args:
        events: Of one run.
        places: Folders whose names are left out.
    """
    hidden = [(re.compile(re.escape(place) + r"\b"), "~") for place in places if len(place) > 1]
    return [
        _scrubbed(json.loads(encode(replace(one, event=_bare(one.event)))), (*hidden, *_HIDDEN))
        for one in events
    ]


def _bare(event: object) -> object:
    if isinstance(event, Replied):
        return replace(event, text=_LEFT_OUT if event.text else "")
    if isinstance(event, ToolReturned):
        return replace(event, evidence=tuple(_unread(e) for e in event.evidence))
    return event


def _unread(evidence: Evidence) -> Evidence:
    here = evidence.source is not None and not evidence.source.startswith(("https:", "http:"))
    return replace(evidence, output=_LEFT_OUT) if here else evidence


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
