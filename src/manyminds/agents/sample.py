"""One sample: one request without tools, written freely, its answer read off the end.

Cheaper than a round of work, and small models reason better in plain lines than in JSON. It does
not know whether the answer is right: that is for verifiers and majorities.
"""

import re
from dataclasses import dataclass

from manyminds.agents.member import Draft
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError
from manyminds.core.messages import Message, ModelCall, Purpose, Said, Turn
from manyminds.core.protocols import Run
from manyminds.core.values import Member

__all__ = ["Conversation", "asks_for_code", "read_answer"]

_ASKS_FOR_CODE = re.compile(
    r"^\s*def \w+\(|\b(?:write|implement|complete|return|give)\b[^.\n]{0,60}"
    r"\b(?:function|program|class|method|script|code)\b",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK = re.compile(r"```[ \t]*\w*[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_LINE = re.compile(
    r"^[\s>*_#-]*(?:final )?answer[\s*_]*(?:is)?[\s*_]*:[\s*_]*(.+)$", re.IGNORECASE | re.MULTILINE
)
_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")


def asks_for_code(question: str) -> bool:
    """Say whether a question wants a program for an answer."""
    return _ASKS_FOR_CODE.search(question) is not None


def read_answer(text: str, *, code: bool) -> str | None:
    """Return the answer at the end of a sample; `None` where it has none.

    Args:
        text: What the model wrote.
        code: Whether a program was asked for: then it is the last block that defines something.
    """
    if code:
        blocks = [block.strip("\n") for block in _BLOCK.findall(text)]
        whole = [b for b in blocks if re.search(r"^\s*(?:async )?(?:def|class) ", b, re.MULTILINE)]
        if whole:
            return f"```python\n{whole[-1]}\n```"
        if re.match(r"\s*(?:def|class|import|from) ", text):
            return f"```python\n{text.strip()}\n```"
    stated = [line.strip(" *_`") for line in _LINE.findall(text)]
    if stated and stated[-1]:
        return stated[-1].removesuffix(".")
    boxed = _BOXED.findall(text)
    return boxed[-1] if boxed else None


@dataclass(kw_only=True)
class Conversation:
    """A member's samples on one task: the first one, and what it makes of being told more."""

    member: Member
    code: bool
    messages: list[Message]
    temperature: float
    purpose: Purpose = "work"

    @classmethod
    def begin(cls, run: Run, member: Member, *, temperature: float) -> "Conversation":
        """Begin on the run's task; every member is told the same, so that servers cache it."""
        return cls(
            member=member,
            code=asks_for_code(run.task.prompt),
            messages=[
                Said(role="system", text=prompt("sample")),
                Said(role="user", text=prompt("question", question=run.task.prompt)),
            ],
            temperature=temperature,
        )

    def say(self, text: str) -> None:
        """Add words of the user; the next request carries them."""
        self.messages.append(Said(role="user", text=text))

    async def draw(self, run: Run) -> Draft:
        """Draw one sample.

        Raises:
            BudgetExceeded: If it cannot be paid.
            ProviderError: If the model failed, was cut off, or gave no answer that can be read.
        """
        reply = await run.request(
            self.member,
            ModelCall(
                messages=tuple(self.messages),
                max_tokens=run.abilities(self.member).output_tokens,
                temperature=self.temperature,
                seed=run.seed(self.member),
                purpose=self.purpose,
            ),
        )
        self.messages.append(Turn(text=reply.text))
        answer = read_answer(reply.text, code=self.code)
        if answer is None:
            cut = "was cut off" if reply.finish == "length" else "gave no answer that can be read"
            raise ProviderError(f"{self.member.model}: {cut}")
        return Draft(
            member=self.member, answer=answer, reason=_reason(reply.text, answer), confidence=None,
            claims=(), evidence=(), would_change=None, working=reply.text,
        )  # fmt: skip


def _reason(text: str, answer: str) -> str:
    """Return the working before the answer, shortened from the front: conclusions stand last."""
    before = text.split("```")[0] if answer.startswith("```") else text[: text.rfind(answer)]
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    if lines and _LINE.match(f"{lines[-1]} {answer}"):
        lines.pop()
    return " ".join(lines)[-400:]
