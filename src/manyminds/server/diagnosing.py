"""Why a run failed, and what it wasted, as rules see it: for the page, and for who asks."""

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.diagnose import diagnosed
from manyminds.diagnosis.readers.ours import read_lines
from manyminds.diagnosis.report.values import as_json
from manyminds.server.refusals import Refused
from manyminds.server.runs import own
from manyminds.transcript.store import new_transcript_path

__all__ = ["diagnosis"]


async def diagnosis(request: Request) -> Response:
    """Say what went wrong in a run and what it wasted, each with its step, member and words."""
    house, run = await own(request)
    path = new_transcript_path(house.engine.data, run)
    if not path.exists() or not path.stat().st_size:
        raise Refused(409, f"run {run} has not begun", code="not_begun")
    return JSONResponse(await asyncio.to_thread(_looked_at, path))


def _looked_at(path: Path) -> dict[str, JsonValue]:
    trace = read_lines(path)
    return as_json(diagnosed(trace), trace)
