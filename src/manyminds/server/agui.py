"""`POST /agui`: a run as AG-UI 1.0 tells it: members are sub-agents, a question is an interrupt.

What the protocol knows is translated from the run's events; the rest of how it stands is its state.
A run that waits for the person ends the request with an interrupt, and goes on with the next one
that resumes it. Silence, and anything that is no clear yes, is a no. Tools of the client are not
called.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from manyminds.core.errors import ManymindsError
from manyminds.core.events import (
    Compared,
    CruxNamed,
    CruxSettled,
    MemberEnded,
    MemberStarted,
    NoteShared,
    PersonAsked,
    PhaseStarted,
    Recorded,
    RunStarted,
    ToolCalled,
    ToolReturned,
)
from manyminds.core.messages import JsonValue
from manyminds.core.values import Task
from manyminds.runtime.ask import Asked
from manyminds.runtime.kept import asked_of, waiting_for
from manyminds.runtime.person import PLAN, plan_text
from manyminds.runtime.result import headline
from manyminds.server import sse
from manyminds.server.answers import extension
from manyminds.server.bodies import read_body
from manyminds.server.clients import Client
from manyminds.server.conversations import Extension, Message, asking_of, question_in
from manyminds.server.gate import client_of
from manyminds.server.house import House, end_unwanted, house_of
from manyminds.server.modes import ReasoningEffort
from manyminds.server.refusals import Refused, refused
from manyminds.server.runs import PlanBody, may_see
from manyminds.transcript.board import Board
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["RunAgentBody", "agui"]

_VERSION = "1.0"
Event = dict[str, JsonValue]


class _Camel(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Resume(_Camel):
    """What the person says to an interrupt."""

    interrupt_id: Annotated[str, Field(alias="interruptId", max_length=200)]
    status: str
    payload: Any = None


class Forwarded(_Camel):
    """What only this server knows of."""

    model: Annotated[str, Field(max_length=300)] = "heavy"
    reasoning_effort: ReasoningEffort | None = None
    web: bool = False
    approve: bool = False
    manyminds: Extension | None = None


class AguiMessage(_Camel):
    """One message of the thread."""

    role: str
    content: str | list[dict[str, Any]] | None = None


class RunAgentBody(_Camel):
    """A request of AG-UI's; what is not named here is passed over."""

    thread_id: Annotated[str, Field(alias="threadId", min_length=1, max_length=200)]
    run_id: Annotated[str, Field(alias="runId", min_length=1, max_length=200)]
    messages: Annotated[list[AguiMessage], Field(max_length=2_000)] = []
    resume: Annotated[list[Resume], Field(max_length=1)] | None = None
    forwarded_props: Annotated[Forwarded | None, Field(alias="forwardedProps")] = None


async def agui(request: Request) -> Response:
    """Work a thread's last question, and tell how it goes as AG-UI does."""
    house, client = house_of(request), client_of(request.scope)
    body, _ = await read_body(request, RunAgentBody)
    if body.resume:
        run, after = await _resumed(house, client, body.resume[0])
    else:
        run, after = await _begun(house, client, body), -1
    return sse.streamed(_stream(house, body, run, after))


async def _begun(house: House, client: Client, body: RunAgentBody) -> str:
    more = body.forwarded_props or Forwarded()
    house.check_scope(client, more.model, web=more.web)
    said = [
        Message.model_validate({"role": m.role, "content": m.content})
        for m in body.messages
        if m.role in ("user", "assistant", "system", "developer")
    ]
    task = Task(prompt=question_in(said))
    wanted = asking_of(
        more.manyminds or Extension(), effort=more.reasoning_effort, web=more.web,
        asks=more.approve,
    )  # fmt: skip
    order = await asyncio.to_thread(house.modes.order, more.model, task, wanted)
    return await house.engine.begin(order, client, goes_on=True)


async def _resumed(house: House, client: Client, said: Resume) -> tuple[str, int]:
    """Pass on what the person said, and return the run with the number of the last event seen.

    Raises:
        Refused: If there is no such interrupt.
    """
    run, _, number = said.interrupt_id.partition("/")
    run = await may_see(house, client, run)
    path = new_transcript_path(house.engine.data, run)
    asked = waiting_for(read_transcript(path)) if path.exists() else None
    if asked is None or number != str(asked[0]):
        raise Refused(409, f"run {run} waits for nothing", code="waits_for_nothing")
    what, text = _answer(asked[1], said)
    await asyncio.to_thread(house.engine.say, run, what, text)
    return run, int(number)


def _answer(asked: PersonAsked, said: Resume) -> tuple[str, str]:
    name = PLAN if asked.what == "plan" else asked.text
    found = cast("dict[str, Any]", said.payload) if isinstance(said.payload, dict) else {}
    if said.status != "resolved" or found.get("approved") is not True:
        return ("never" if found.get("never") is True else "no"), name
    if asked.what == "plan" and found.get("plan") is not None:
        try:
            plan = PlanBody.model_validate_json(json.dumps(found["plan"])).plan
        except ValidationError:
            raise Refused(400, "that is no plan", code="invalid_value", param="resume") from None
        return "plan", plan_text(plan)
    scopes = [scope for scope in ("run", "site") if found.get(scope) is True]
    return (scopes[0] if scopes else "page"), name


async def _stream(house: House, body: RunAgentBody, run: str, after: int) -> AsyncIterator[bytes]:
    teller = _Teller(body, run)
    done = asyncio.create_task(house.engine.done(run)) if house.engine.is_going(run) else None
    waits = False
    try:
        for event in teller.begin():
            yield sse.event(event)
        async with aclosing(house.engine.events(run)) as events:
            async for recorded in events:
                for event in teller.take(recorded, seen=recorded.number <= after):
                    yield sse.event(event)
                if isinstance(recorded.event, PersonAsked) and recorded.number > after:
                    waits = True
                    yield sse.event(teller.interrupt(recorded.number, recorded.event))
                    return
        asked = await done if done is not None else _ended(house, run)
        for event in teller.end(asked):
            yield sse.event(event)
    except (ManymindsError, Refused) as error:
        found = error if isinstance(error, Refused) else refused(error)
        yield sse.event({"type": "RUN_ERROR", "message": str(found), "code": found.code})
    finally:
        if done is not None:
            if waits:  # it goes on; who resumes it is told how it ends
                done.add_done_callback(lambda task: task.cancelled() or task.exception())
            else:
                await end_unwanted(house, run, done)


def _ended(house: House, run: str) -> Asked:
    return asked_of(read_transcript(new_transcript_path(house.engine.data, run)))


class _Teller:
    """Translates a run's events."""

    def __init__(self, body: RunAgentBody, run: str) -> None:
        self._ids: Event = {"threadId": body.thread_id, "runId": body.run_id}
        self._run, self._board = run, Board()
        self._phase = ""
        self._seats: dict[str, str] = {}
        self._thoughts, self._answer = f"{run}-thoughts-{body.run_id}", f"{run}-answer"

    def begin(self) -> Iterator[Event]:
        """Say that a run begins, and how it stands: it is known by nothing yet."""
        yield {"type": "RUN_STARTED", **self._ids, "protocolVersion": _VERSION}
        state: JsonValue = {
            "run": self._run, "strategy": None, "members": [], "notes": {}, "groups": [],
            "cruxes": {},
        }  # fmt: skip
        yield {"type": "STATE_SNAPSHOT", "snapshot": state}
        yield {"type": "REASONING_START", "messageId": self._thoughts}
        yield {
            "type": "REASONING_MESSAGE_START", "messageId": self._thoughts, "role": "reasoning",
        }  # fmt: skip

    def take(self, recorded: Recorded, *, seen: bool) -> Iterator[Event]:
        """Tell an event; of one that was seen before the interrupt only what it changed."""
        line = self._board.take(recorded)
        if delta := _delta(recorded):
            yield {"type": "STATE_DELTA", "delta": delta}
        if seen:
            return
        if line is not None:
            yield {
                "type": "REASONING_MESSAGE_CONTENT", "messageId": self._thoughts,
                "delta": f"{line}\n",
            }  # fmt: skip
        yield from self._told(recorded)

    def _told(self, recorded: Recorded) -> Iterator[Event]:
        match recorded.event:
            case PhaseStarted(phase=phase):
                yield from self._enter(phase)
            case MemberStarted(member=member, round=number):
                name = f"{self._run}.{member.name}.{number}.{recorded.number}"
                self._seats[member.name] = name
                yield {
                    "type": "SUBAGENT_STARTED", "subagentRunId": name, "name": member.name,
                    "description": f"{member.way} with {member.model}",
                }  # fmt: skip
            case MemberEnded() as ended:
                yield from self._left(ended)
            case ToolCalled() as call:
                yield from self._called(call)
            case ToolReturned() as returned:
                said = returned.error or "\n".join(e.output for e in returned.evidence)
                yield {
                    "type": "TOOL_CALL_RESULT", "toolCallId": self._call(returned.step),
                    "messageId": f"{self._call(returned.step)}-result", "content": said,
                    **self._of(returned.member),
                }  # fmt: skip
            case _:
                pass

    def _enter(self, phase: str) -> Iterator[Event]:
        if self._phase:
            yield {"type": "STEP_FINISHED", "stepName": self._phase}
        self._phase = phase
        if phase:
            yield {"type": "STEP_STARTED", "stepName": phase}

    def _left(self, ended: MemberEnded) -> Iterator[Event]:
        name = self._seats.pop(ended.member, None)
        if name is None:
            return
        if ended.state == "finished":
            yield {"type": "SUBAGENT_FINISHED", "subagentRunId": name}
        else:
            why = ended.reason or ended.state
            yield {"type": "SUBAGENT_ERROR", "subagentRunId": name, "message": why}

    def _called(self, call: ToolCalled) -> Iterator[Event]:
        name, of = self._call(call.step), self._of(call.member)
        yield {
            "type": "TOOL_CALL_START", "toolCallId": name, "toolCallName": call.tool, **of,
        }  # fmt: skip
        yield {
            "type": "TOOL_CALL_ARGS", "toolCallId": name, "delta": json.dumps(call.arguments), **of,
        }  # fmt: skip
        yield {"type": "TOOL_CALL_END", "toolCallId": name, **of}

    def _call(self, step: int) -> str:
        return f"{self._run}-call-{step}"

    def _of(self, member: str) -> Event:
        name = self._seats.get(member)
        return {} if name is None else {"subagentRunId": name}

    def _close(self) -> Iterator[Event]:
        """End whatever is open: nothing may be when a run is over."""
        for name in self._seats.values():
            yield {"type": "SUBAGENT_ERROR", "subagentRunId": name, "message": "not finished"}
        self._seats.clear()
        yield from self._enter("")
        yield {"type": "REASONING_MESSAGE_END", "messageId": self._thoughts}
        yield {"type": "REASONING_END", "messageId": self._thoughts}

    def interrupt(self, number: int, asked: PersonAsked) -> Event:
        """Say what the run waits for. It goes on by itself, so what is open stays so."""
        reason = f"{asked.what}_approval"
        schema: JsonValue = {
            "type": "object", "required": ["approved"],
            "properties": {
                "approved": {"type": "boolean"}, "site": {"type": "boolean"},
                "run": {"type": "boolean"}, "never": {"type": "boolean"},
                "plan": {"type": "object"},
            },
        }  # fmt: skip
        one: JsonValue = {
            "id": f"{self._run}/{number}", "reason": reason, "message": asked.text,
            "responseSchema": schema,
        }  # fmt: skip
        outcome: JsonValue = {"type": "interrupt", "interrupts": [one]}
        return {"type": "RUN_FINISHED", **self._ids, "outcome": outcome}

    def end(self, asked: Asked) -> Iterator[Event]:
        """Give the answer, word for word, and its receipt."""
        yield from self._close()
        yield {"type": "TEXT_MESSAGE_START", "messageId": self._answer, "role": "assistant"}
        yield {
            "type": "TEXT_MESSAGE_CONTENT", "messageId": self._answer,
            "delta": headline(asked.answer),
        }  # fmt: skip
        yield {"type": "TEXT_MESSAGE_END", "messageId": self._answer}
        outcome: JsonValue = {"type": "success"}
        yield {
            "type": "RUN_FINISHED", **self._ids, "outcome": outcome, "result": extension(asked),
        }  # fmt: skip


def _delta(recorded: Recorded) -> list[JsonValue]:
    """Return how an event changes the state, as a JSON Patch."""
    match recorded.event:
        case RunStarted() as started:
            members: JsonValue = [
                {"name": m.name, "way": m.way, "model": m.model} for m in started.members
            ]
            return [_put("/strategy", started.strategy), _put("/members", members)]
        case NoteShared(note=note):
            told: JsonValue = {
                "answer": note.answer, "canonical": note.canonical.key, "reason": note.reason,
            }  # fmt: skip
            return [_put(f"/notes/{note.member}", told)]
        case Compared(groups=groups):
            stands: JsonValue = [
                {"answer": g.canonical.key, "members": list(g.members)} for g in groups
            ]
            return [_put("/groups", stands)]
        case CruxNamed(crux=crux):
            return [_put(f"/cruxes/{crux.id}", {"question": crux.question, "rulings": []})]
        case CruxSettled(crux=crux, rulings=rulings):
            said: JsonValue = [
                {"answer": r.canonical.key, "support": r.support, "reason": r.reason}
                for r in rulings
            ]
            return [_put(f"/cruxes/{crux}/rulings", said)]
        case _:
            return []


def _put(path: str, value: JsonValue) -> JsonValue:
    return {"op": "add", "path": path, "value": value}
