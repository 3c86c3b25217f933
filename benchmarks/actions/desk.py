"""A desk that acts, as an MCP server on a pipe: a calendar, tables to book, mail to send.

    python desk.py FILE      # what it holds is FILE, a JSON object; each act changes it

Every act is written before it is answered, so that a benchmark sees what was done and not what was
said.
"""

import json
import sys
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

FILE = Path(sys.argv[1])
READS, WRITES = ToolAnnotations(readOnlyHint=True), ToolAnnotations(readOnlyHint=False)
server: MCPServer[Any] = MCPServer("desk")


def _held() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def _put(desk: dict[str, Any]) -> None:
    FILE.write_text(json.dumps(desk), encoding="utf-8")


def _event_of(desk: dict[str, Any], event_id: str) -> dict[str, Any]:
    found = [event for event in desk["events"] if event["id"] == event_id]
    if not found:
        raise ToolError(f"no event has the id {event_id!r}; list_events gives the ids of a day")
    return found[0]


@server.tool(annotations=READS)
def list_events(date: str) -> str:
    """List the events of a day.

    Args:
        date: YYYY-MM-DD.
    """
    events = [event for event in _held()["events"] if event["date"] == date]
    return json.dumps(sorted(events, key=lambda event: event["time"]))


@server.tool(annotations=WRITES)
def add_event(title: str, date: str, time: str, minutes: int) -> str:
    """Put an event into the calendar.

    Args:
        title: What it is.
        date: YYYY-MM-DD.
        time: HH:MM.
        minutes: How long it takes.
    """
    desk = _held()
    desk["made"] += 1
    event = {"id": f"n{desk['made']}", "title": title, "date": date, "time": time}
    desk["events"].append({**event, "minutes": minutes, "with": []})
    _put(desk)
    return f"added as {event['id']}"


@server.tool(annotations=WRITES)
def move_event(event_id: str, date: str, time: str) -> str:
    """Move an event to another day or time.

    Args:
        event_id: As list_events gives it.
        date: YYYY-MM-DD.
        time: HH:MM.
    """
    desk = _held()
    _event_of(desk, event_id).update(date=date, time=time)
    _put(desk)
    return "moved"


@server.tool(annotations=WRITES)
def cancel_event(event_id: str) -> str:
    """Take an event out of the calendar.

    Args:
        event_id: As list_events gives it.
    """
    desk = _held()
    desk["events"].remove(_event_of(desk, event_id))
    _put(desk)
    return "cancelled"


@server.tool(annotations=READS)
def find_tables(date: str, time: str, people: int) -> str:
    """List the restaurants that have a table, with the price of a dinner for one.

    Args:
        date: YYYY-MM-DD.
        time: HH:MM.
        people: How many.
    """
    tables = [table for table in _held()["tables"] if table["seats"] >= people]
    return json.dumps([{k: table[k] for k in ("restaurant", "price")} for table in tables])


@server.tool(annotations=WRITES)
def book_table(restaurant: str, date: str, time: str, people: int) -> str:
    """Book a table.

    Args:
        restaurant: Its name.
        date: YYYY-MM-DD.
        time: HH:MM.
        people: How many.
    """
    desk = _held()
    if not any(t["restaurant"] == restaurant and t["seats"] >= people for t in desk["tables"]):
        raise ToolError(f"{restaurant!r} has no table for {people}; find_tables lists who has")
    desk["booked"].append([restaurant, date, time, people])
    _put(desk)
    return "booked"


@server.tool(annotations=WRITES)
def send_mail(to: str, text: str) -> str:
    """Send a mail.

    Args:
        to: The address.
        text: What it says.
    """
    desk = _held()
    desk["sent"].append([to, text])
    _put(desk)
    return "sent"


if __name__ == "__main__":
    server.run("stdio")
