"""A question about a person, answered from their own words and quoted, or not at all.

The proxy's role where a model speaks for the person: it reads and cannot act. Each of the nearest
passages is asked by itself, and most say nothing. What one says has to stand in it, numbers and
words of the answer in one sentence; that sentence is asked alone, and only where it answers the
same is it said, with the sentence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.protocols import Run
from manyminds.core.values import Failure, Member
from manyminds.judging.citing.spans import numbers_in, sentences_at, words_of
from manyminds.recommend.proxy import Quote
from manyminds.tools.fence import fence

__all__ = ["NOTHING_NEAR", "PASSAGES", "Answered", "answer_from"]

PASSAGES = 5
"""Passages that are asked; more cost more and found little more (benchmarks/recommend/PROXY.md)."""
_ANSWER = 400
"""Characters of an answer."""
_SAYS_NOTHING = re.compile(
    r"\bnot (?:explicitly |directly |clearly )?"
    r"(?:said|stated|mentioned|specified|given|known|clear|provided|answer\w*)\b"
    r"|\b(?:no|any) (?:information|mention|answer)\b|\bunknown\b|\bunclear\b"
    r"|\bdo(?:es)?(?: not|n't) (?:say|mention|state|specify|tell|provide|answer)"
    r"|^\W*(?:n/?a|none)?\W*$",
    re.IGNORECASE,
)
_FEW = 3
"""Words of an answer that all have to stand in its sentence; of more, three in five."""
_YES_NO = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a person's words answer to a question."""

    text: str | None
    """In a few words; `None` where theirs do not say it."""
    quote: Quote | None
    """The sentence that says it; without one nothing is said."""
    why: str = ""
    """Where it is not said: how that was found."""


NOTHING_NEAR = Answered(text=None, quote=None, why="nothing in their words is near to it")


async def answer_from(
    question: str, passages: Sequence[Quote], run: Run, member: Member
) -> Answered:
    """Answer a question from passages of somebody's own words.

    Args:
        question: About the person, in the third person: "How does he like to travel?".
        passages: What may say it, the nearest first; at most `PASSAGES` are asked.
        run: Whose budget pays.
        member: The proxy; it has no tools.

    Raises:
        BudgetExceeded: If it cannot be paid.
        ProviderError: If the model failed.
    """
    near = passages[:PASSAGES]
    if not near:
        return NOTHING_NEAR
    told = await run.gather([_asked(question, p.text, p.source, run, member) for p in near])
    why = "no passage says it"
    for passage, said in zip(near, told, strict=True):
        if isinstance(said, Failure):
            why = f"not all could be asked: {said.message}"
        elif said is not None:
            why = "what was answered does not stand in their words"
            found = _sentence(said, question, passage)
            if found is None:
                continue
            quote, around = found
            alone = await _asked(question, around, quote.source, run, member)
            if alone is not None and _same(said, alone):
                return Answered(text=said, quote=quote)
            why = "the sentence that was found does not answer it by itself"
    return Answered(text=None, quote=None, why=why)


async def _asked(question: str, words: str, source: str, run: Run, member: Member) -> str | None:
    """Ask what words answer; `None` where they do not."""
    text = prompt("proxy_answer", question=question, words=fence(words, source=source))
    told = await inquire(
        run, member, text, {"answer": {"type": "string"}}, max_tokens=100, purpose="work"
    )
    said = " ".join(str(told.get("answer") or "").split())[:_ANSWER]
    return None if _SAYS_NOTHING.search(said) else said


def _sentence(answer: str, question: str, passage: Quote) -> tuple[Quote, str] | None:
    """Return the sentence that an answer stands in, and the ones around it; `None` if in none.

    Numbers have to stand there, and the answer's words that are not the question's: all of a few.
    """
    places = list(sentences_at(passage.text))
    asked = set(words_of(question))
    own = set(words_of(_YES_NO.sub("", answer))) - asked
    best, most = None, (0.0, 0.0)
    for place, (_, sentence) in enumerate(places):
        said = set(words_of(sentence))
        score = (len(own & said) / len(own) if own else 1.0, len(asked & said) / max(1, len(asked)))
        if score > most and not numbers_in(answer) - numbers_in(sentence) - numbers_in(question):
            best, most = place, score
    if best is None or most[0] < (1.0 if len(own) <= _FEW else 0.6):
        return None
    at, sentence = places[best]
    first, last = places[max(0, best - 1)][0], places[min(best + 1, len(places) - 1)]
    quote = Quote(
        text=sentence, source=passage.source, start=passage.start + at,
        end=passage.start + at + len(sentence), line=passage.line + passage.text[:at].count("\n"),
    )  # fmt: skip
    return quote, passage.text[first : last[0] + len(last[1])]


def _same(one: str, other: str) -> bool:
    """Say whether two answers are one: the same yes or no, or words in common."""
    yes = [m[1].casefold() if (m := _YES_NO.match(text)) else None for text in (one, other)]
    if any(yes):
        return yes[0] == yes[1]
    return bool(set(words_of(one)) & set(words_of(other)))
