"""One sample: one request without tools, written freely, its answer read off the end.

Cheaper than a round of work, and small models reason better in plain lines than in JSON. It does
not know whether the answer is right: that is for verifiers and majorities.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

from manyminds.agents.asking import (
    asks_for_code,
    asks_for_python,
    asks_for_text,
    offers_options,
    question_now,
)
from manyminds.agents.member import Draft
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError
from manyminds.core.messages import (
    JsonValue,
    Message,
    ModelCall,
    Purpose,
    Reply,
    Said,
    ToolCall,
    Turn,
)
from manyminds.core.protocols import Run
from manyminds.core.values import Claim, Member

__all__ = ["Conversation", "Form", "draft_of", "read_answer"]

_BLOCK = re.compile(r"```[ \t]*([\w+#.-]*)[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_LINE = re.compile(
    r"^[\s>*_#\"'-]*(?:final )?answer[\s*_]*(?:is)?[\s*_]*:[\s*_]*(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_INLINE = re.compile(r"\banswer is:?[\s*_]+(.+)$", re.IGNORECASE)
_CONCLUSION = re.compile(r"^[\s*_#\d.-]*(?:therefore|thus|hence|so)\b,?\s+(.*\d.*)$", re.IGNORECASE)
_BOX = "\\boxed{"
_TEXT = re.compile(r"\\(?:text|mathrm|textbf)\{([^{}]*)\}")


def read_answer(text: str, *, code: bool) -> str | None:
    """Return the answer at the end of a sample; `None` where it has none.

    Args:
        text: What the model wrote.
        code: Whether a program was asked for: then it is the last block that defines something in
            Python, or else the longest one, in whatever language.
    """
    if code:
        blocks = [(language, block.strip("\n")) for language, block in _BLOCK.findall(text)]
        whole = [block for language, block in blocks if _defines(language, block)]
        if whole:
            return f"```python\n{whole[-1]}\n```"
        if blocks:
            language, block = max(blocks, key=lambda found: len(found[1]))
            return f"```{language or 'python'}\n{block}\n```"
        if re.match(r"\s*(?:def|class|import|from) ", text):
            return f"```python\n{text.strip()}\n```"
    stated = [match for match in _LINE.finditer(text) if match[1].strip(" *_`\"'")]
    boxed = _boxed(text)
    if boxed and (not stated or text.rfind(_BOX) > stated[-1].start()):
        return boxed
    if stated:
        return stated[-1][1].strip(" *_`\"'").removesuffix(".")
    return _concluded(text)


def _blocks(text: str) -> list[str]:
    return [block for _, block in _BLOCK.findall(text)]


def _defines(language: str, block: str) -> bool:
    """Say whether a block is Python that defines something."""
    named = language.lower() in ("", "python", "python3", "py")
    return named and re.search(r"^\s*(?:async )?(?:def|class) ", block, re.MULTILINE) is not None


def _boxed(text: str) -> str | None:
    r"""Return what stands in the last \boxed{}; `None` where there is none, or it does not end."""
    start, depth = text.rfind(_BOX), 0
    for place in range(start + len(_BOX) - 1, len(text) if start >= 0 else 0):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            inner = text[start + len(_BOX) : place].strip()
            words = _TEXT.fullmatch(inner)
            return words[1] if words else inner.replace("\\$", "$").replace("\\%", "%")
    return None


def _concluded(text: str) -> str | None:
    """Return what the last line concludes, where the answer was not marked: "So it costs $3."."""
    last = text.rstrip().rpartition("\n")[2]
    for way in (_INLINE, _CONCLUSION):
        found = way.search(last)
        if found is not None:
            return found[1].strip(" *_`\"'").removesuffix(".")
    return None


Form = Literal["words", "code", "program", "brief", "text"]
"""How a member answers: in words; by a program that is the answer; by a program that is run and
prints it (Chen et al. 2023, Program of Thoughts Prompting, TMLR); by the answer alone; by a text
that is the answer as it stands."""
BRIEF_TOKENS = 64
"""Room for an answer alone."""
_SYSTEM: dict[Form, str] = {
    "code": "sample_code", "program": "sample_program", "brief": "sample_brief",
}  # fmt: skip
"""What is said before everything else; for words nothing (`results/LOG.md`)."""
_QUESTION: dict[Form, str] = {
    "words": "question_words", "code": "question", "program": "question_program",
    "brief": "question_brief", "text": "question_text",
}  # fmt: skip
"""How the question is put. The form of the answer is said after it: said before it, small models
forget it, and four of five answer without the program that they were asked for. The box for words
is what the cards of Qwen's models advise."""


def _put(form: Form, question: str) -> str:
    """Return the name of the prompt that puts a question.

    Among options there always is an answer: told that one may be missing, small models say so.
    """
    options = form == "words" and offers_options(question_now(question))
    return "question_choice" if options else _QUESTION[form]


@dataclass(kw_only=True)
class Conversation:
    """A member's samples on one task: the first one, and what it makes of being told more."""

    member: Member
    form: Form
    messages: list[Message]
    temperature: float
    purpose: Purpose = "work"

    @classmethod
    def begin(
        cls, run: Run, member: Member, *, temperature: float, form: Form | None = None
    ) -> "Conversation":
        """Begin on the run's task; members of a form are told the same, so that servers cache it.

        Args:
            run: Whose task it is.
            member: Who answers.
            temperature: Of its requests.
            form: How to answer; by default as the task asks for it, else in words.
        """
        form = _form_of(run.task.prompt) if form is None else form
        messages: list[Message] = []
        if form in _SYSTEM:
            other = form == "code" and not asks_for_python(run.task.prompt)
            name = "sample_code_other" if other else _SYSTEM[form]
            messages.append(Said(role="system", text=prompt(name)))
        messages.append(
            Said(role="user", text=prompt(_put(form, run.task.prompt), question=run.task.prompt))
        )
        return cls(member=member, form=form, messages=messages, temperature=temperature)

    def say(self, text: str) -> None:
        """Add words of the user; the next request carries them."""
        self.messages.append(Said(role="user", text=text))

    def repair(self, why: str) -> None:
        """Tell the member that its last answer does not hold; its next draw is to be a better one.

        Programs are begun afresh: shown its own program, a small model writes it again
        (`results/LOG.md`).

        Args:
            why: What failed, fenced.
        """
        if self.form == "code":
            self.messages = self.messages[:2]
        self.say(prompt("repair_code" if self.form == "code" else "repair", why=why))

    def switch(self, model: str) -> None:
        """Go on with another model; everything that was said stays."""
        self.member = replace(self.member, model=model)

    @property
    def last(self) -> str:
        """What the member said last; empty where it has said nothing yet."""
        said = [m.text for m in self.messages if isinstance(m, Turn)]
        return said[-1] if said else ""

    async def draw(self, run: Run) -> Draft:
        """Draw one sample.

        Raises:
            BudgetExceeded: If it cannot be paid.
            ProviderError: If the model failed, was cut off, or gave no answer that can be read.
        """
        most = run.abilities(self.member).output_tokens
        reply = await run.request(
            self.member,
            ModelCall(
                messages=tuple(self.messages),
                max_tokens=min(most, BRIEF_TOKENS) if self._is_short(run) else most,
                temperature=self.temperature,
                seed=run.seed(self.member),
                purpose=self.purpose,
            ),
        )
        self.messages.append(Turn(text=reply.text))
        blocks = _blocks(reply.text) if self.form == "program" else []
        if blocks:
            return await self._run_program(run, blocks[-1])
        if self.form in ("brief", "text"):
            return _brief(self.member, reply) if self.form == "brief" else _text(self.member, reply)
        if reply.finish == "length" and self.form == "code" and reply.text.count("```") % 2:
            raise ProviderError(f"{self.member.model}: was cut off")
        try:
            return draft_of(self.member, reply.text, code=self.form == "code")
        except ProviderError as error:
            if reply.finish == "length":
                raise ProviderError(f"{self.member.model}: was cut off") from error
            raise

    def _is_short(self, run: Run) -> bool:
        """Say whether little room is needed; who reasons first needs room for that."""
        return self.form == "brief" and run.abilities(self.member).reasoning_field is None

    async def _run_program(self, run: Run, code: str) -> Draft:
        """Run the member's program; its last printed line is the answer."""
        alone: dict[str, JsonValue] = {"code": code, "fresh": True}
        call = ToolCall(id=run.new_id("program"), name="python", arguments=alone)
        outcome = await run.call(self.member, call)
        printed = outcome.evidence[0].output.strip().splitlines() if outcome.evidence else []
        if not printed:
            why = (outcome.error or "it printed nothing").strip().splitlines()[-1][:160]
            raise ProviderError(f"{self.member.model}: its program gave no answer: {why}")
        answer = read_answer(printed[-1], code=False) or printed[-1].strip()
        said = Claim(
            text=f"a program printed {answer[:200]}", support="supported",
            evidence=(outcome.evidence[0].id,),
        )  # fmt: skip
        return Draft(
            member=self.member, answer=answer, reason="a program printed it", confidence=None,
            claims=(said,), evidence=outcome.evidence, would_change=None, working=code,
        )  # fmt: skip


def _form_of(question: str) -> Form:
    if asks_for_code(question):
        return "code"
    return "text" if asks_for_text(question) else "words"


def _text(member: Member, reply: Reply) -> Draft:
    """Take a reply as it stands; one that was cut off is worth more than none, and says so."""
    if not reply.text.strip():
        raise ProviderError(f"{member.model}: gave no answer that can be read")
    cut = "it was cut off where the model may write no more" if reply.finish == "length" else ""
    return Draft(
        member=member, answer=reply.text.strip(), reason=cut, confidence=None, claims=(),
        evidence=(), would_change=None, working=reply.text,
    )  # fmt: skip


def _brief(member: Member, reply: Reply) -> Draft:
    """Read the answer alone; one that was cut off is none."""
    if reply.finish == "length":
        raise ProviderError(f"{member.model}: was cut off")
    blocks = _blocks(reply.text)
    said = read_answer(reply.text, code=False) or (blocks[-1] if blocks else reply.text).strip()
    if not said:
        raise ProviderError(f"{member.model}: gave no answer that can be read")
    return Draft(
        member=member, answer=said, reason="", confidence=None, claims=(), evidence=(),
        would_change=None, working=reply.text,
    )  # fmt: skip


def draft_of(member: Member, text: str, *, code: bool = False) -> Draft:
    """Read a member's draft off a working.

    Raises:
        ProviderError: If it holds no answer.
    """
    answer = read_answer(text, code=code)
    if answer is None:
        raise ProviderError(f"{member.model}: gave no answer that can be read")
    return Draft(
        member=member, answer=answer, reason=_reason(text, answer), confidence=None, claims=(),
        evidence=(), would_change=None, working=text,
    )  # fmt: skip


def _reason(text: str, answer: str) -> str:
    """Return the working before the answer, shortened from the front: conclusions stand last."""
    if answer.startswith("```"):
        before = text.split("```")[0]
    else:
        cut = text.rfind(answer)
        box = text.rfind(_BOX, 0, max(cut, 0))
        boxed = box >= 0 and "}" not in text[box:cut]
        before = text[: box if boxed else cut].rstrip(" \n$([\\*")
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    if lines and _LINE.match(f"{lines[-1]} {answer}"):
        lines.pop()
    return " ".join(lines)[-400:]
