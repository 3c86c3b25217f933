"""A member's loop: ask the model, do what it asks for, until it gives its final word.

One file on purpose: each request and each tool call is a step of the run, so the loop can be
interrupted, paid for and played again at every step.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from manyminds.agents.actions import (
    Final,
    Unreadable,
    action_schema,
    answer_tool,
    read_reply,
)
from manyminds.agents.asking import asks_for_text
from manyminds.agents.memory import NOTE, compacted, note_of
from manyminds.agents.prompts import prompt
from manyminds.core.errors import BudgetExceeded, Dropped, ProviderError
from manyminds.core.messages import (
    JsonSchema,
    Message,
    ModelCall,
    Purpose,
    Reply,
    Said,
    ToolCall,
    ToolResult,
    ToolSpec,
    Turn,
)
from manyminds.core.protocols import Run
from manyminds.core.values import Claim, Evidence, Member, Task

__all__ = ["Draft", "Thread", "opening_query", "work"]

MAX_TURNS = 6
"""Model requests in one round of work. Seen on everyday questions: 2 to 3; a member that needs
more than six is going round in circles."""
MEDIUM_TURNS = 3
"""Of a member of medium effort; one of low effort has to answer at once."""

SEARCH_DOCS, MAX_QUERY = "search_docs", 1_000
_SHARED = 2
"""Messages that are the same for all members: the system's words and the question."""

WARMEST = 0.9
_REPEATED = "You have this result already. Answer now."
_NOTHING_NEW = "Only passages that you have already. Answer from them, or look for something else."
_NOT_MADE = "Not made: what may be spent on work is spent."
_FAILED_BEFORE = "The same call failed before. Do it another way."

ROOM = 300_000
"""Characters of a conversation with a model whose context is not known."""
ROOM_PER_TOKEN = 2
"""Characters counted on for each token of a context: text of odd signs has as few."""

MAX_SLIPS = 2
"""Unreadable replies in a row before the member is given up."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a member brings back from a round of work; not yet compared with anything."""

    member: Member
    answer: str
    reason: str
    confidence: float | None
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    would_change: str | None
    working: str = ""
    """The whole text the answer was read from, where there is one; judged, never delivered."""


@dataclass(kw_only=True)
class Thread:
    """A member's own conversation: isolated, and kept over the rounds so prefixes stay cached."""

    member: Member
    tools: Sequence[ToolSpec] = ()
    temperature: float = 0.0
    purpose: Purpose = "work"
    messages: list[Message] = field(default_factory=list[Message])
    evidence: list[Evidence] = field(default_factory=list[Evidence])
    answer_schema: JsonSchema = field(default_factory=lambda: {"type": "string"})
    work: str = "work"
    """Name of the prompt that says how to work."""
    forbidden: frozenset[str] = frozenset()
    """Names of the run's tools that this member may not call, whatever it asks for."""
    with_claims: bool = False
    """Whether the statements that the answer rests on are asked for."""
    allowance: int | None = None
    """Tokens after which it has to answer; `None`: only the run's budget counts."""
    spent: int = 0
    """Tokens of its requests so far."""
    took_s: float = 0.0
    """Seconds of its requests so far, as far as they are known."""
    may_finish: bool = True
    """Whether its answer may be paid out of the reserve."""
    notes: list[str] | None = None
    """Facts that it keeps however long its work gets; `None` where it may keep none."""
    asides: list[str] = field(default_factory=list[str])
    """What the person adds while it works; said at its next turn."""
    dropped: bool = False
    """Whether the person wants no more of it."""
    insisted: bool = False
    """Whether a call was made again since something new was last run."""
    opened: bool = False
    stays: list[str] = field(default_factory=list[str])
    """Words of its conversation that are never left out: its way of working, what the person adds.
    """
    forgot: int = 0
    """Passages of `evidence` that it may no longer see: the conversation outgrew its room."""
    failed: list[tuple[ToolCall, str]] = field(default_factory=list[tuple[ToolCall, str]])
    """Calls that came to nothing, and why."""
    used: set[str] = field(default_factory=set[str])
    """Names of the tools that it has called."""
    _called: dict[str, bool] = field(default_factory=dict[str, bool])
    """Calls made before, and whether they worked."""

    def say(self, text: str) -> None:
        """Add words of the user; the next request carries them."""
        self.messages.append(Said(role="user", text=text))

    def switch(self, run: Run, model: str) -> None:
        """Go on with another model; everything that was said and found stays.

        A model without native tools reads earlier calls and results as plain words.
        """
        self.member = replace(self.member, model=model)
        native = run.abilities(self.member).tools is True
        mine = [tool for tool in run.tools if tool.name not in self.forbidden]
        self.tools = mine if native else _for_protocol(mine)
        rest = self.messages[1:] if native else [_in_words(m) for m in self.messages[1:]]
        self.messages = [_system(self.tools, native=native, work=self.work), *rest]

    def warm(self) -> None:
        """Ask less rigidly after a stumble: asked the same way, a model stumbles again."""
        self.temperature = min(WARMEST, self.temperature + 0.3)

    def made_before(self, call: ToolCall) -> bool | None:
        """Return whether this very call worked before; `None` if it was never made."""
        return self._called.get(_mark(call))

    def has_read(self, found: Sequence[Evidence]) -> bool:
        """Return whether `found` is passages, and all of them are before it already."""
        seen = self.evidence[self.forgot :]
        read = {(e.source, e.start, e.end) for e in seen if e.source is not None}
        return bool(found) and all((e.source, e.start, e.end) in read for e in found)

    def forget(self) -> None:
        """Let it look up again what it may no longer see."""
        self.forgot = len(self.evidence)
        self._called.clear()

    def remember(self, call: ToolCall, *, worked: bool) -> None:
        """Remember a call, and whether it worked.

        Whatever failed before may work now that something else was run: names persist.
        """
        self._called = {mark: good for mark, good in self._called.items() if good}
        self.insisted = False
        self.used.add(call.name)
        self._called[_mark(call)] = worked


def _mark(call: ToolCall) -> str:
    return call.name + json.dumps(call.arguments, sort_keys=True)


def open_thread(
    run: Run,
    member: Member,
    *,
    temperature: float,
    allowed: Collection[str] | None = None,
    question: str | None = None,
) -> Thread:
    """Begin a member's conversation on the run's task.

    Args:
        run: Whose task and tools they are.
        member: Who works.
        temperature: Of its requests.
        allowed: Names of the tools it may call; `None` for all of the run's.
        question: What it works on; `None` for the task itself.

    The part that all members share comes first and is the same to the letter, so that servers
    read it from their cache for all members but the first.
    """
    native = run.abilities(member).tools is True
    mine = [tool for tool in run.tools if _is_for(run, member, tool, allowed)]
    tools = mine if native else _for_protocol(mine)
    written = question is None and run.task.schema_json is None and asks_for_text(run.task.prompt)
    thread = Thread(
        member=member,
        tools=tools,
        forbidden=frozenset(tool.name for tool in run.tools) - {tool.name for tool in mine},
        temperature=temperature,
        answer_schema=_answer_schema(run.task),
        work="work_text" if written else "work",
    )
    thread.messages.append(_system(tools, native=native, work=thread.work))
    thread.say(prompt("question", question=run.task.prompt if question is None else question))
    thread.stays.append(prompt(f"way_{member.way}"))
    thread.say(thread.stays[0])
    return thread


def _is_for(run: Run, member: Member, tool: ToolSpec, allowed: Collection[str] | None) -> bool:
    if allowed is not None:
        return tool.name in allowed
    # What does something outside is for one hand: members side by side would each do it.
    return tool.effect == "none" or member.name == run.members[0].name


async def _open(run: Run, thread: Thread) -> None:
    """Look the question up in the documents, where there are any, before the first request.

    It saves the turn that every member would spend on it, and small models that are left to
    search by themselves wander off. The passages stand after the question, before what differs
    between members, so that they are read from the cache too.
    """
    thread.opened = True
    if not any(tool.name == SEARCH_DOCS for tool in thread.tools):
        return
    opening = ToolCall(
        id=run.new_id("look"), name=SEARCH_DOCS, arguments={"query": opening_query(run.task)}
    )
    outcome = await run.call(thread.member, opening)
    if outcome.error is None:
        thread.evidence.extend(outcome.evidence)
        thread.remember(opening, worked=True)
        said = prompt("found", passages=outcome.text)
        thread.messages.insert(_SHARED, Said(role="user", text=said))


def opening_query(task: Task) -> str:
    """Return what documents are searched for before anybody works: the question, as one search."""
    return " ".join(task.prompt.split())[:MAX_QUERY]


def _system(tools: Sequence[ToolSpec], *, native: bool, work: str) -> Said:
    protocol = "" if native else prompt("protocol", tools=_list(tools))
    return Said(role="system", text=prompt(work, protocol=protocol))


def _in_words(message: Message) -> Message:
    """Write native tool calls and their results as the action protocol would have them."""
    if isinstance(message, ToolResult):
        return Said(role="user", text=_result(message.name, message.text))
    if isinstance(message, Turn) and message.calls:
        made = [json.dumps({"action": c.name, **c.arguments}) for c in message.calls]
        return Turn(text="\n".join([message.text, *made]).strip())
    return message


def _result(name: str, text: str) -> str:
    return f"Result of {name}:\n{text}"


def _for_protocol(tools: Sequence[ToolSpec]) -> Sequence[ToolSpec]:
    """Leave the calculator out where Python can be run.

    Models without native tool calls are small: given both, the 1.5B model took the calculator for
    every question and wrote programs into it.
    """
    if any(tool.name == "python" for tool in tools):
        return [tool for tool in tools if tool.name != "calculate"]
    return tools


def _list(tools: Sequence[ToolSpec]) -> str:
    return "\n".join(f"- {tool.name}: {tool.description}" for tool in tools)


def _answer_schema(task: Task) -> JsonSchema:
    return {"type": "string"} if task.schema_json is None else json.loads(task.schema_json)


async def work(
    run: Run, thread: Thread, *, turns: int = MAX_TURNS, answering: bool = False
) -> Draft:
    """Let the member work until it gives its final word.

    Args:
        run: Whose budget pays.
        thread: The member's conversation.
        turns: Requests it may make; the last one only takes an answer.
        answering: Ask for the answer at once: what it needs is before it.

    Raises:
        BudgetExceeded: If not even an answer form can be paid for.
        Dropped: If the person wants no more of it.
        ProviderError: If the model failed, or kept sending what cannot be read.
    """
    if not thread.opened:
        await _open(run, thread)
    slips = 0
    last = answering or thread.member.effort == "low"
    if thread.member.effort == "medium":
        turns = min(turns, MEDIUM_TURNS)
    for turn in range(turns):
        _listen(thread)
        _make_room(run, thread)
        over = thread.allowance is not None and thread.spent >= thread.allowance
        reply, last = await _ask(run, thread, must_answer=last or over or turn == turns - 1)
        thread.spent += reply.spend.tokens
        thread.took_s += reply.seconds or 0.0
        said = read_reply(reply, protocol=_by_protocol(run, thread), answer=thread.answer_schema)
        if isinstance(said, Final):
            thread.messages.append(Turn(text=reply.text or _as_text(said)))
            return _draft(thread, said)
        if isinstance(said, Unreadable):
            slips += 1
            if slips > MAX_SLIPS:
                break
            thread.warm()
            thread.say(said.why)
            continue
        slips = 0
        try:
            last = await _use_tools(run, thread, reply, said)
        except BudgetExceeded:
            last = True  # the time for work is over; what is there may still be said
    raise ProviderError(f"{thread.member.model}: gave no readable answer in {turns} turns")


def _listen(thread: Thread) -> None:
    """Take in what the person said meanwhile."""
    if thread.dropped:
        raise Dropped("dropped by the person who asked")
    while thread.asides:
        thread.stays.append(prompt("aside", text=thread.asides.pop(0)))
        thread.say(thread.stays[-1])


def _make_room(run: Run, thread: Thread) -> None:
    """Leave out the middle of a conversation that outgrows what its model reads."""
    abilities = run.abilities(thread.member)
    context = abilities.context_tokens
    room = ROOM if context is None else max(0, context - abilities.output_tokens) * ROOM_PER_TOKEN
    shorter = compacted(
        thread.messages, thread.notes or (), begins=_SHARED, room=room, stays=thread.stays
    )
    if shorter is not None:
        thread.messages = shorter
        thread.forget()


def _by_protocol(run: Run, thread: Thread) -> bool:
    return run.abilities(thread.member).tools is not True


async def _ask(run: Run, thread: Thread, *, must_answer: bool) -> tuple[Reply, bool]:
    """Ask once more; when work can no longer be paid, ask for the answer out of the reserve."""
    try:
        call = _call(run, thread, must_answer=must_answer, purpose=thread.purpose)
        return await run.request(thread.member, call), must_answer
    except BudgetExceeded:
        if thread.purpose == "check" or not thread.may_finish:
            raise
        call = _call(run, thread, must_answer=True, purpose="finish")
        return await run.request(thread.member, call), True


def _call(run: Run, thread: Thread, *, must_answer: bool, purpose: Purpose) -> ModelCall:
    abilities = run.abilities(thread.member)
    messages = tuple(thread.messages)
    if must_answer:
        messages = (*messages, Said(role="user", text=prompt("answer_now")))
    kept = () if thread.notes is None else (NOTE,)
    tools = () if must_answer else (*thread.tools, *kept)
    native = abilities.tools is True
    schema = (
        None
        if native
        else action_schema(
            tools,
            answer=thread.answer_schema,
            must_answer=must_answer,
            with_claims=thread.with_claims,
        )
    )
    return ModelCall(
        messages=messages,
        tools=(*tools, answer_tool(thread.answer_schema)) if native else (),
        schema=schema,
        max_tokens=abilities.output_tokens if purpose != "finish" else 300,
        temperature=thread.temperature,
        seed=run.seed(thread.member),
        purpose=purpose,
    )


async def _use_tools(run: Run, thread: Thread, reply: Reply, calls: tuple[ToolCall, ...]) -> bool:
    """Make the calls, add their results to the thread; say whether it is time to answer.

    Raises:
        BudgetExceeded: If one cannot be paid; it and those after it are then told as not made.
    """
    protocol = _by_protocol(run, thread)
    thread.messages.append(Turn(text=reply.text, calls=() if protocol else calls))
    time_to_answer = False
    for place, call in enumerate(calls):
        try:
            text, enough = await _use(run, thread, call)
        except BudgetExceeded:
            # Services refuse a conversation in which a call has no result.
            for unmade in calls[place:]:
                _tell_result(thread, unmade, _NOT_MADE, protocol=protocol)
            raise
        time_to_answer = time_to_answer or enough
        _tell_result(thread, call, text, protocol=protocol)
    return time_to_answer


def _tell_result(thread: Thread, call: ToolCall, text: str, *, protocol: bool) -> None:
    if protocol:
        thread.say(_result(call.name, text))
    else:
        thread.messages.append(ToolResult(call_id=call.id, name=call.name, text=text))


async def _use(run: Run, thread: Thread, call: ToolCall) -> tuple[str, bool]:
    """Make one call; return what the member is told, and whether it is time to answer."""
    if call.name == NOTE.name and thread.notes is not None:
        return _keep_note(thread, call), False
    if call.name in thread.forbidden:
        return f"{thread.member.name} may not use {call.name}.", False
    before, insisted = thread.made_before(call), thread.insisted
    if before is not None:
        # Small models make the same call again instead of answering: end it here. A call that
        # failed gets one other try first.
        thread.insisted = True
        return _REPEATED if before else _FAILED_BEFORE, before or insisted
    outcome = await run.call(thread.member, call)
    again = thread.has_read(outcome.evidence)
    thread.evidence.extend(outcome.evidence)
    if again:
        thread.remember(call, worked=True)
        thread.insisted = True
        return _NOTHING_NEW, insisted
    thread.remember(call, worked=outcome.error is None)
    if outcome.error is not None:
        thread.failed.append((call, outcome.error))
        thread.warm()
    return outcome.text, False


def _keep_note(thread: Thread, call: ToolCall) -> str:
    fact = note_of(call)
    if fact is None:
        return 'A note needs a "fact".'
    if thread.notes is not None and fact not in thread.notes:
        thread.notes.append(fact)
    return "Kept."


def _as_text(final: Final) -> str:
    return f"{final.reason}\nAnswer: {final.answer}".strip()


def _draft(thread: Thread, final: Final) -> Draft:
    return Draft(
        member=thread.member,
        answer=final.answer,
        reason=final.reason,
        confidence=final.confidence,
        claims=tuple(Claim(text=text, support="unsure") for text in final.claims),
        evidence=tuple(thread.evidence),
        would_change=final.would_change,
    )
