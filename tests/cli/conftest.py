import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.tools.web.site import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    """A site in a thread of its own: the command runs its own loop."""
    ready, end, found = threading.Event(), threading.Event(), []

    async def serve() -> None:
        async with serving() as site:
            found.append(site)
            ready.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    yield found[0]
    end.set()
    thread.join()
