"""A table keeps every row, whatever ends the run, and no value that stands nowhere."""

import json

import pytest

from manyminds.agents.scout import Column
from manyminds.core.errors import BudgetExceeded
from manyminds.core.values import Plan, Task
from manyminds.judging.listing import entries_of, merged
from manyminds.strategies.table import Sheet, deliver_table, fill
from manyminds.testing import ScriptedRun, passage
from manyminds.tools.web.links import line_of

pytestmark = pytest.mark.anyio
SPENT = BudgetExceeded("tokens", allowed=10, spent=10)


def sheet_of(*said: str | BudgetExceeded, count: int = 12, around: str = "since 3.{}") -> Sheet:
    lines = "".join(
        line_of(f"mod{n}", f"https://a.example/on/{n}", "", "Modules", around.format(n))
        for n in range(count)
    )
    run = ScriptedRun(task=Task(prompt="all modules"), script={"lead": list(said)})
    items = merged(entries_of(passage(lines, source="https://a.example/#links")))
    columns = [
        Column(name="name", kind="name"), Column(name="since", kind="fact"),
        Column(name="kind", kind="judged"),
    ]  # fmt: skip
    return Sheet(
        run=run, plan=Plan(goal="", parts=(), item="a module"), columns=columns, items=items
    )


def rows(*values: str | None) -> str:
    return json.dumps({"rows": [{"since": value} for value in values]})


async def test_a_budget_that_ends_keeps_every_row_and_what_was_filled() -> None:
    sheet = sheet_of(rows(*(f"3.{n}" for n in range(8))), SPENT, SPENT)
    await fill(sheet)
    answer = deliver_table(sheet)
    assert answer.outcome == "partial"
    assert answer.report is not None
    table = answer.report.table
    assert table is not None
    assert [row[0].text for row in table.rows] == [f"mod{n}" for n in range(12)]
    assert [row[1].text for row in table.rows] == [f"3.{n}" for n in range(8)] + [None] * 4
    assert {row[1].why for row in table.rows[8:]} == {"not worked to the end"}
    assert {row[2].why for row in table.rows} == {"not worked to the end"}


async def test_nothing_filled_at_all_is_still_a_list() -> None:
    answer = deliver_table(sheet_of())
    assert answer.report is not None
    assert answer.report.table is not None
    assert len(answer.report.table.rows) == 12


@pytest.mark.parametrize("value", ["1", "3", "on", "since 3.1 and", "example", "7"])
async def test_parts_of_words_and_of_addresses_are_no_values(value: str) -> None:
    sheet = sheet_of(rows(value), count=1, around="since 3.12, by a connection at -7")
    sheet.columns = sheet.columns[:2]
    await fill(sheet)
    answer = deliver_table(sheet)
    assert answer.report is not None
    assert answer.report.table is not None
    assert answer.report.table.rows[0][1].text is None
