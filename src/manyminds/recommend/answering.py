"""A question about a person, answered from their own words and quoted, or not at all.

The proxy's role where a model speaks for the person: it reads and cannot act. Each of the nearest
passages is asked by itself, and most say nothing. What one says has to stand in it: the numbers and
the words of the answer in one sentence, which denies what the answer denies and no more. That
sentence is then asked alone; only where it answers the same is it said, with the sentence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError
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
    r"^\W*(?:(?:n/?a|none|nothing|unknown|unclear)\W*$|\W*$|none of |"
    r"not (?:in|found|sure|applicable|enough|discussed|indicated|available|given|known|clear)\b|"
    r"no (?:idea|details?|data|information|mention|answer|preference)\b|cannot\b)"
    r"|(?:\bnot|n['’]t|\bnever)(?: \w+ly)? "
    r"(?:say|said|states?|stated|mention|mentioned|specify|specified|provided|indicated?)\b"
    r"|\b(?:no|any) (?:information|mention)\b"
    r"|\b(?:text|words|passage|data|author)\b.{0,20}(?:\bnot|n['’]t)(?: \w+ly)? "
    r"(?:tell|provide|answer|give|know|contain|include|discuss)",
    re.IGNORECASE,
)
_FEW = 3
"""Words of an answer that all have to stand in its sentence; of more, three in five."""
_ASKED = 0.5
"""Share of a question's words that a sentence has to have which a bare yes or no rests on."""
_YES_NO = re.compile(r"^\W*(yes|no)\b(?=\W*$|\s*[,.;:!\u2013-])", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|without|hardly|hates?|avoid\w*|dislikes?|cannot)\b|n['’]t\b",
    re.IGNORECASE,
)
_EMPTY = frozenset(words_of(
    "he she they him her them his hers their i my me we our us you your it the author person this "
    "any some not no never yes none be been being do doing what which who where when how why"
))  # fmt: skip
"""Words that say nothing of what is asked or answered; what denies is compared by itself."""
_COUNTS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip
_COUNT = re.compile(rf"\b(?:{'|'.join(_COUNTS)})\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a person's words answer to a question."""

    text: str | None
    """In a few words; `None` where theirs do not say it."""
    quote: Quote | None
    """The sentence that says it; without one nothing is said."""
    why: str = ""
    """Where it is not said: how that was found."""
    asked: int = 0
    """Passages that were asked."""
    same: int = 0
    """Of them those that answer the same by themselves: how much stands behind it."""


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
    failed = [one for one in told if isinstance(one, Failure)]
    if len(failed) == len(near):
        raise ProviderError(failed[0].message)
    why = f"not all could be asked: {failed[0].message}" if failed else "no passage says it"
    for passage, said in zip(near, told, strict=True):
        if said is None or isinstance(said, Failure):
            continue
        quote = _sentence(said, question, passage)
        if quote is None:
            why = why if failed else "what was answered does not stand in their words"
            continue
        [alone] = await run.gather([_asked(question, quote.text, quote.source, run, member)])
        if isinstance(alone, str) and _same(said, alone, question):
            # Of the others, too, only what stands in their passage and says the same counts.
            same = sum(
                isinstance(other, str) and _same(said, other, question)
                and _sentence(other, question, near[place]) is not None
                for place, other in enumerate(told)
            )  # fmt: skip
            return Answered(text=said, quote=quote, asked=len(near), same=same)
        why = why if failed else "the sentence that was found does not answer it by itself"
    return Answered(text=None, quote=None, why=why, asked=len(near))


async def _asked(question: str, words: str, source: str, run: Run, member: Member) -> str | None:
    """Ask what words answer; `None` where they do not."""
    text = prompt("proxy_answer", question=question, words=fence(words, source=source))
    told = await inquire(
        run, member, text, {"answer": {"type": "string"}}, max_tokens=100, purpose="work"
    )
    said = " ".join(str(told.get("answer") or "").split())[:_ANSWER]
    return None if _SAYS_NOTHING.search(said) else said


def _sentence(answer: str, question: str, passage: Quote) -> Quote | None:
    """Return the sentence that an answer stands in; `None` if in none.

    All its numbers have to stand there, and its words that are not the question's: all of a few. A
    bare yes or no has none; its sentence has to be about what is asked.
    """
    asked = _words(question) - _EMPTY
    rest = _YES_NO.sub("", answer)
    own = (_words(rest) - _EMPTY - asked) or (_words(rest) - _EMPTY)
    best, most = None, (0.0, 0.0)
    for at, sentence in sentences_at(passage.text):
        said = _words(sentence)
        shares = (_share(own, said) if own else 1.0, _share(asked, said))
        enough = shares[0] >= (1.0 if len(own) <= _FEW else 0.6) and (own or shares[1] >= _ASKED)
        stands = not numbers_in(_counted(rest)) - numbers_in(_counted(sentence))
        heading = sentence.startswith("#")
        agrees = _agrees(answer, sentence, question, about=shares[1])
        if enough and stands and agrees and not heading and shares > most:
            best, most = (at, sentence), shares
    if best is None:
        return None
    at, sentence = best
    return Quote(
        text=sentence, source=passage.source, start=passage.start + at,
        end=passage.start + at + len(sentence), line=passage.line + passage.text[:at].count("\n"),
    )  # fmt: skip


def _agrees(answer: str, sentence: str, question: str, *, about: float) -> bool:
    """Say whether a sentence denies what an answer denies, and affirms what it affirms.

    Args:
        answer: Of the model.
        sentence: That it is to stand in.
        question: What was asked.
        about: Share of the question's words that the sentence has.
    """
    if _DENIES.search(question):
        return True  # "What does he not eat?": either way may be said
    denied = bool(_DENIES.search(sentence))
    yes = _YES_NO.match(answer)
    if yes and yes[1].casefold() == "no":
        # "No" may be said by another word ("optimistic"), not by the very words that were asked.
        return denied or about < 1.0
    return bool(_DENIES.search(answer)) == denied


def _same(one: str, other: str, question: str) -> bool:
    """Say whether two answers are one.

    Neither denies what the other says, no number differs, and they have a word in common that is
    not the question's; a bare yes or no agrees with what denies as much.
    """
    numbers = [numbers_in(_counted(text)) for text in (one, other)]
    if all(numbers) and numbers[0] != numbers[1]:
        return False
    if bool(_DENIES.search(one)) != bool(_DENIES.search(other)):
        return False
    asked = _words(question) | _EMPTY
    mine, theirs = (_words(_YES_NO.sub("", text)) - _EMPTY for text in (one, other))
    own = (mine - asked, theirs - asked)
    if all(own):
        return bool(own[0] & own[1])
    if any(_YES_NO.match(text) for text in (one, other)):
        return True
    return bool(mine & theirs)


def _words(text: str) -> set[str]:
    return set(words_of(_counted(text)))


def _share(some: set[str], of: set[str]) -> float:
    return len(some & of) / len(some) if some else 0.0


def _counted(text: str) -> str:
    """Return a text with its small number words as digits."""
    return _COUNT.sub(lambda found: str(_COUNTS.index(found[0].casefold()) + 1), text)
