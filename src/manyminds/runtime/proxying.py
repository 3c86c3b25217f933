"""Asking a person's own words with a model: an answer with its quote, or none."""

from collections.abc import Sequence
from pathlib import Path

from manyminds.core.values import Limits, Spend
from manyminds.recommend.answering import Answered, answer_from
from manyminds.recommend.proxy import Quote
from manyminds.runtime.alone import member_alone

__all__ = ["asked_words"]


async def asked_words(
    question: str, passages: Sequence[Quote], model: str, *, cache: Path, limits: Limits
) -> tuple[Answered, Spend]:
    """Answer a question from passages of somebody's own words; return what it cost, too.

    Args:
        question: About the person.
        passages: Of their words, the nearest first.
        model: Who reads them: they leave the machine for wherever it is.
        cache: Folder of what can be made again.
        limits: Of all requests together.

    Raises:
        BudgetExceeded: If it cannot be paid.
        ProviderError: If the model cannot be reached or failed.
    """
    async with member_alone(model, question, name="proxy", cache=cache, limits=limits) as (
        run,
        member,
    ):
        answered = await answer_from(question, passages, run, member)
        return answered, run.meter.spent
