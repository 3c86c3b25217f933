"""A server of the protocol with contacts, mail and a file of what was done: `office.py FOLDER`."""

import json
import sys
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

FOLDER = Path(sys.argv[1])
READS, WRITES = ToolAnnotations(readOnlyHint=True), ToolAnnotations(readOnlyHint=False)
server: MCPServer[Any] = MCPServer("office")


@server.tool(annotations=READS)
def find_contact(name: str) -> list[dict[str, str]]:
    """Find people."""
    people = json.loads((FOLDER / "people.json").read_text(encoding="utf-8"))
    return [one for one in people if name.casefold() in one["name"].casefold()]


@server.tool(annotations=READS)
def read_mail() -> str:
    """Read the newest mail."""
    return (FOLDER / "mail.txt").read_text(encoding="utf-8")


@server.tool(annotations=READS)
def fetch(url: str) -> str:
    """Fetch a page."""
    with (FOLDER / "done").open("a", encoding="utf-8") as file:
        file.write(f"fetched {url}\n")
    return "a page"


@server.tool(annotations=WRITES)
def send_mail(to: str, subject: str, body: str) -> dict[str, str]:
    """Send a mail."""
    with (FOLDER / "done").open("a", encoding="utf-8") as file:
        file.write(json.dumps([to, subject, body]) + "\n")
    return {"id": "m-77", "status": "sent"}


@server.tool(annotations=WRITES)
def delete_mail(mail_id: str) -> str:
    """Delete a mail."""
    with (FOLDER / "done").open("a", encoding="utf-8") as file:
        file.write(f"deleted {mail_id}\n")
    return "deleted"


if __name__ == "__main__":
    server.run()
