"""Faults planted into runs: each mutator breaks a clean trace in one way, at a place by chance."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from manyminds.diagnosis.trace import Act, Trace

__all__ = ["MUTATORS", "UNDECIDED", "clean", "mutated"]

_NAMES = ("Ada", "Ben", "Eva", "Tom", "Lea", "Max")
_THINGS = ("pens", "bolts", "apples", "stamps", "books", "chairs")
_PLANS = (
    "First I find how many {things} one box holds, then I multiply by the boxes and compare.",
    "The total of {things} follows from the boxes and what each holds, so one product will do it.",
    "We need two numbers from the text; their product is the count of {things} that is wanted.",
    "I split this into reading the numbers, multiplying them and holding the result of {things} "
    "against the text.",
)
_CHECKS = (
    "I verified it: {total} divided by {b} gives {a} boxes again, which is what the text says.",
    "Checked by adding {b} for each of the {a} boxes; the sum is {total} as well, so it holds.",
    "I substituted {total} back into the text and counted the boxes; both numbers agree with it.",
)


def clean(number: int) -> Trace:
    """Return a run in which nothing goes wrong."""
    chance = random.Random(number)
    lead, coder, tester = chance.sample(_NAMES, 3)
    a, b, things = chance.randint(3, 60), chance.randint(12, 99), chance.choice(_THINGS)
    told = {"a": a, "b": b, "total": a * b, "things": things}
    task = f"A shop has {a} boxes of {b} {things} each on its shelves. How many {things} are there?"
    looked = f"the stock list of the shop names {a} boxes with {b} {things} in each, counted twice"
    acts = [
        Act(step=0, author=lead, kind="says", text=chance.choice(_PLANS).format(**told)),
        Act(step=0, author=coder, kind="calls", tool="search", arguments=f'{{"query": "{things}"}}'),
        Act(step=0, author=coder, kind="returns", tool="search", text=looked),
        Act(step=0, author=coder, kind="says", text=f"As {lead} says, so I will use python to multiply {a} by {b}."),
        Act(step=0, author=coder, kind="calls", tool="python", arguments=f'{{"code": "{a}*{b}"}}'),
        Act(step=0, author=coder, kind="returns", tool="python", text=str(a * b)),
        Act(step=0, author=coder, kind="says", answer=str(a * b),
            text=f"The stock list of the shop and the program agree.\nAnswer: {a * b}"),
        Act(step=0, author=tester, kind="says", text=chance.choice(_CHECKS).format(**told)),
        Act(step=0, author=tester, kind="checks", verdict="accepted", about=coder, text="it holds"),
        Act(step=0, author="run", kind="ends", answer=str(a * b), text=str(a * b)),
    ]  # fmt: skip
    return numbered(Trace(name=f"clean{number}", source="chat", task=task, acts=tuple(acts)))


def numbered(trace: Trace, *, seconds: float = 2.0) -> Trace:
    """Return a trace whose steps count up, with times."""
    acts = [replace(act, step=n, at_s=n * seconds if act.at_s is None else act.at_s, seconds=act.seconds or 1.0) for n, act in enumerate(trace.acts)]  # fmt: skip
    return replace(trace, acts=tuple(acts))


def members(trace: Trace) -> list[str]:
    return [name for name in trace.authors if name not in ("run", trace.person)]


def put(trace: Trace, place: int, *acts: Act) -> Trace:
    return replace(trace, acts=(*trace.acts[:place], *acts, *trace.acts[place:]))


def says(trace: Trace, least_words: int = 0) -> list[int]:
    return [n for n, act in enumerate(trace.acts) if act.kind == "says" and act.author != trace.person and len(act.text.split()) >= least_words]  # fmt: skip


def said(author: str, text: str, **more: object) -> Act:
    return Act(step=0, author=author, kind="says", text=text, **more)  # type: ignore[arg-type]


def _end(trace: Trace) -> int:
    ends = [n for n, act in enumerate(trace.acts) if act.kind in ("ends", "checks")]
    return ends[0] if ends else len(trace.acts)


def disobeys(trace: Trace, chance: random.Random) -> Trace:
    """Ask for few words, and deliver many."""
    most = chance.choice(("at most 4 words", "no more than three words", "up to 5 words"))
    long = "The number of them that there are in all of the boxes together comes to the result."
    acts = tuple(replace(act, text=f"{long} {act.text}") if act.kind == "ends" else act for act in trace.acts)  # fmt: skip
    trace = replace(trace, task=f"{trace.task} Answer in {most}.", acts=acts)
    if not any(act.kind == "ends" for act in acts):
        last = trace.acts[-1]
        trace = put(trace, len(trace.acts), said(last.author, f"{long} {last.text[-40:]}"))
    return trace


def speaks_as_another(trace: Trace, chance: random.Random) -> Trace:
    """Let a member write another's part, or approve its own work."""
    one, other = chance.sample(members(trace), 2)
    if chance.random() < 0.5:
        return put(trace, _end(trace), said(one, f"{other}: I have looked at all of it and it is as the task wants."))  # fmt: skip
    act = Act(step=0, author=one, kind="checks", verdict="accepted", about=one, text="mine holds")
    return put(trace, _end(trace), act)


def repeats(trace: Trace, chance: random.Random) -> Trace:
    """Say a step again in almost the same words, or make one call three times."""
    calls = [n for n, act in enumerate(trace.acts) if act.kind == "calls" and n in trace.returned]
    if calls and chance.random() < 0.5:
        place = chance.choice(calls)
        pair = (trace.acts[place], trace.returned[place])
        return put(trace, trace.acts.index(pair[1]) + 1, *pair, *pair)
    place = chance.choice(says(trace, 14))
    act = trace.acts[place]
    told = act.text.split()
    told[chance.randrange(len(told))] = "indeed"
    return put(trace, min(len(trace.acts), place + chance.randint(2, 4)), replace(act, text=" ".join(told), answer=None))  # fmt: skip


def goes_back(trace: Trace, chance: random.Random) -> Trace:
    """Let a member leave its answer for another one and come back to it."""
    author = chance.choice(members(trace))
    a, b = chance.sample(range(1_000, 9_000), 2)
    row = [said(author, f"My result stands at this point.\nAnswer: {x}", answer=str(x)) for x in (a, b, a)]  # fmt: skip
    return put(trace, chance.randint(1, _end(trace) - 1), *row)


def never_ends(trace: Trace, chance: random.Random) -> Trace:
    """Go on after the end with nothing new, or run into a limit."""
    authors = members(trace)
    if chance.random() < 0.4:
        limit = chance.choice(("tokens", "seconds", "message"))
        return replace(trace, stopped_by=limit, acts=trace.acts[: _end(trace)])
    row = [said(chance.choice(authors), text) for text in chance.sample(("Thank you, that was a pleasure.", "You are welcome!", "Is there anything else?", "No, all is well.", "Goodbye then, and see you soon.", "I am glad that we got there."), 4)]  # fmt: skip
    ended = said(authors[0], "All is done here. TERMINATE")
    return replace(trace, acts=(*trace.acts[: _end(trace)], ended, *row))


def begins_anew(trace: Trace, chance: random.Random) -> Trace:
    """Put the task once more, or begin all over."""
    author = chance.choice(members(trace))
    text = chance.choice((trace.task, "Let's start over from scratch.", "I will begin again from the beginning.", "Hello! How can I help you today?"))  # fmt: skip
    return put(trace, chance.randint(4, max(5, _end(trace) - 1)), said(author, text))


def assumes(trace: Trace, chance: random.Random) -> Trace:
    """Assume a number that the task does not hold."""
    number = chance.randint(700, 990)
    text = chance.choice((f"Let's say that {number} of them were sold before.", f"The text does not say it, so I assume {number} of them.", f"We can suppose a price of {number} for the sake of the argument."))  # fmt: skip
    author = chance.choice(members(trace))
    return put(trace, chance.randint(1, _end(trace) - 1), said(author, text))


def hears_nothing(trace: Trace, chance: random.Random) -> Trace:
    """Object to what a member said, and let it say the same again."""
    places = [n for n in says(trace, 6) if n > 0] or says(trace)
    place = chance.choice(places)
    act = trace.acts[place]
    other = chance.choice([a for a in trace.authors if a not in (act.author, "run")])
    against = chance.choice(("That is wrong: the boxes at the back were left out.", "There is an error in it, you forgot the second shelf.", "I disagree, the number should be larger."))  # fmt: skip
    return put(trace, place + 1, said(other, against), act)


def does_other(trace: Trace, chance: random.Random) -> Trace:
    """Name one tool and use the other; where fewer than two were used, two are used before it."""
    tools = sorted({str(act.tool) for act in trace.of("calls")})
    if len(tools) < 2:
        author = trace.acts[says(trace)[0]].author
        before = [
            _used(author, tool, text) for tool, text in (("search", "three pages"), ("python", "7"))
        ]
        trace = put(trace, says(trace)[0] + 1, *(act for pair in before for act in pair))
        tools = ["python", "search"]
    named, used = chance.sample(tools, 2)
    call = next(act for act in trace.of("calls") if act.tool == used)
    ways = (
        f"Next I will use {named} for it.",
        f"I'll call {named} now.",
        f"Let me use the {named}.",
    )
    return put(trace, chance.randint(1, _end(trace) - 1), said(call.author, chance.choice(ways)), replace(call, arguments='{"other": 1}'), Act(step=0, author=call.author, kind="returns", tool=used, text="nothing"))  # fmt: skip


def _used(author: str, tool: str, text: str) -> tuple[Act, Act]:
    call = Act(step=0, author=author, kind="calls", tool=tool, arguments='{"for": "the task"}')
    return call, Act(step=0, author=author, kind="returns", tool=tool, text=text)


_ELSEWHERE = (
    "Before that, the history of how such things are packed is worth a look, from barrels to pallets.",
    "By the way, colours matter too: the packages should be blue, and their labels in two languages.",
    "Let us plan the opening party of the shop first, with music, a raffle and a speech.",
)


def derails(trace: Trace, chance: random.Random) -> Trace:
    """Let a member go off to something that the task does not ask for, and others follow it."""
    place = chance.choice(says(trace)[:-1])
    names = members(trace)
    off = chance.sample(_ELSEWHERE, 2)
    return put(trace, place + 1, *(said(chance.choice(names), text) for text in off))


def withholds(trace: Trace, chance: random.Random) -> Trace:
    """Let a member find what another one asks for, and keep it to itself."""
    one, other = chance.sample(members(trace), 2)
    found = f"the delivery note says that {chance.randint(2, 9)} of them are empty"
    # Not between what a member says it will call and its call: that would be another fault.
    places = [n for n in says(trace)[:-1] if trace.acts[n + 1].kind != "calls"]
    place = chance.choice(places)
    return put(
        trace, place + 1, *_used(one, "search", found),
        said(other, "Does anybody know whether all of them are full? I go on as if they were."),
        said(one, "I have nothing to add to that, go on."),
    )  # fmt: skip


def ends_early(trace: Trace, chance: random.Random) -> Trace:
    """Cut the run where something was to follow, or deliver a program with a hole."""
    author = chance.choice(members(trace))
    text = chance.choice(("Next I will multiply the two numbers.", "Let me now check the shelves.", "```python\ndef total(a, b):\n    # TODO\n```", "```python\ndef total(a, b):\n    raise NotImplementedError\n```"))  # fmt: skip
    first = next((n for n, act in enumerate(trace.acts) if act.answer is not None), len(trace.acts))
    return replace(trace, acts=(*trace.acts[: max(1, first)], said(author, text)))


def checks_nothing(trace: Trace, chance: random.Random) -> Trace:
    """Deliver what was said once, or another answer than the accepted one."""
    author = chance.choice(members(trace))
    number = str(chance.randint(10_000, 90_000))
    last = said(author, f"Here is what comes out.\nAnswer: {number}", answer=number)
    if any(act.verdict == "accepted" for act in trace.acts) and chance.random() < 0.5:
        return replace(trace, acts=(*(a for a in trace.acts if a.kind != "ends"), last))
    plans = [act for act in trace.acts if act.kind == "says" and act.answer is None][:1]
    return replace(trace, acts=(*plans, last))


def passes_all(trace: Trace, chance: random.Random) -> Trace:
    """Let a check pass what a tool has just refuted."""
    authors = members(trace)
    coder, tester = chance.sample(authors, 2)
    row = [
        Act(step=0, author=coder, kind="calls", tool="run_tests", arguments='{"all": true}'),
        Act(step=0, author=coder, kind="returns", tool="run_tests", error=True,
            text="AssertionError: 2 of 3 tests failed"),
        said(tester, chance.choice(("Looks good to me.", "Great job, approved.", "It is correct, well done."))),
    ]  # fmt: skip
    return put(trace, _end(trace), *row)


def calls_again(trace: Trace, chance: random.Random) -> Trace:
    """Make a call again that had returned."""
    places = [n for n, act in enumerate(trace.acts) if act.kind == "calls" and n in trace.returned]
    place = chance.choice(places)
    pair = (trace.acts[place], trace.returned[place])
    return put(trace, _end(trace), *pair)


def one_by_one(trace: Trace, chance: random.Random) -> Trace:
    """Look many things up one after the other."""
    author = chance.choice(members(trace))
    row: list[Act] = []
    for word in chance.sample(("oak", "elm", "ash", "fir", "yew", "box", "fig", "bay"), 6):
        row.append(Act(step=0, author=author, kind="calls", tool="look_up", arguments=f'{{"word": "{word}"}}'))  # fmt: skip
        row.append(Act(step=0, author=author, kind="returns", tool="look_up", text="a tree"))
    return put(trace, 1, *row)


def reads_nothing(trace: Trace, chance: random.Random) -> Trace:
    """Fetch something long that nobody speaks of afterwards."""
    author = chance.choice(members(trace))
    text = " ".join(chance.choice(("Quokka", "Zanzibar", "Obsidian", "Marmalade", "Trombone", "Vestibule")) + str(chance.randint(10, 99)) for _ in range(30))  # fmt: skip
    row = (
        Act(step=0, author=author, kind="calls", tool="fetch", arguments='{"url": "https://x.example"}'),
        Act(step=0, author=author, kind="returns", tool="fetch", text=text),
    )  # fmt: skip
    return put(trace, chance.randint(1, 2), *row)


def works_for_nothing(trace: Trace, chance: random.Random) -> Trace:
    """Let a member work whose work nobody sees, where others put theirs forward."""
    place = next((n for n, act in enumerate(trace.acts) if act.answer is not None), 1)
    act = trace.acts[place]
    other = next(a for a in trace.authors if a not in (act.author, "run"))
    both = [replace(act, kind="proposes"), replace(act, kind="proposes", author=other)]
    trace = put(trace, place + 1, *both)
    rows = [said("Zoe", text, tokens=400) for text in ("Let me think about the shelves in another way.", "It could be that the boxes are not all full.")]  # fmt: skip
    return put(trace, chance.randint(1, 2), *rows)


def waits(trace: Trace, chance: random.Random) -> Trace:
    """Let three agree, and all wait for a fourth."""
    final = next(act.answer for act in trace.acts if act.answer is not None)
    late = 20.0 + chance.random() * 40
    row = [Act(step=0, author=f"p{n}", kind="proposes", answer=final, text="as computed", at_s=1.0 + n) for n in range(3)]  # fmt: skip
    return put(trace, _end(trace), *row, Act(step=0, author="p3", kind="proposes", answer=final, text="the same", at_s=late))  # fmt: skip


Mutator = Callable[[Trace, random.Random], Trace]
MUTATORS: Mapping[str, Mutator] = {
    "1.1": disobeys, "1.2": speaks_as_another, "1.3": repeats, "1.4": goes_back, "1.5": never_ends,
    "2.1": begins_anew, "2.2": assumes, "2.5": hears_nothing, "2.6": does_other, "3.1": ends_early,
    "3.2": checks_nothing, "3.3": passes_all, "repeated_call": calls_again,
    "unbatched_calls": one_by_one, "unread_result": reads_nothing,
    "unused_work": works_for_nothing, "straggler": waits,
}  # fmt: skip
"""By code."""
UNDECIDED: Mapping[str, Mutator] = {"2.3": derails, "2.4": withholds}
"""What no rule decides: a model has to read it."""


def mutated(bases: Sequence[Trace], code: str, count: int, seed: int = 0) -> list[Trace]:
    """Return traces with one fault each; a base that a fault does not fit is passed over."""
    made: list[Trace] = []
    for number, base in enumerate(bases):
        try:
            broken = {**MUTATORS, **UNDECIDED}[code](base, random.Random(f"{seed}/{code}/{number}"))
        except (ValueError, IndexError, StopIteration):
            continue
        made.append(replace(numbered(broken), name=f"{code}/{base.name}"))
        if len(made) == count:
            break
    return made


def chat_of(trace: Trace) -> list[dict[str, str]]:
    """Return what was said in a run as a plain chat; a second member's words bear its name."""
    told = [{"role": "user", "content": trace.task}]
    return [*told, *({"role": "assistant", "name": act.author, "content": act.text} for act in trace.of("says"))]  # fmt: skip


BROKEN = mutated([clean(7)], "2.2", 1)[0]
