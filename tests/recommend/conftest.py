"""A browser for the tests of a module: each start of one takes seconds."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.recommend.acting import context


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Any]:
    async with context("http://127.0.0.1") as one:
        yield one
