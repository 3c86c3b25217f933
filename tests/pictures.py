"""Pictures of the page for the docs: `python -m tests.pictures [HOME RUN]` writes docs/page-*.png.

Without a run it plays the scripted panel of the tests; with one it shows that, as it was.
`python -m tests.pictures recommend` draws a wish in the terminal and on its page instead: docs/recommend.svg,
docs/decision.png, and on the server's page: docs/page-decide.png.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser
from rich.console import Console
from rich.text import Text

from tests.browser import browsing
from tests.disputants import QUESTION, dispute
from tests.server.conftest import OWNER_KEY, Served
from tests.stub import Stub

DOCS = Path(__file__).parents[1] / "docs"
SIZES = {"light": (1280, 900), "dark": (1280, 900), "phone": (390, 844)}


def draw(browser: Browser, served: Served, run: str | None) -> None:
    """Ask, or open a run, and draw it in each size and light."""
    for name, (width, height) in SIZES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if name == "dark" else "light",
        )  # fmt: skip
        page = context.new_page()
        page.goto(f"{served.url}/#token={OWNER_KEY}")
        page.get_by_label("Your question").wait_for()
        if run is not None:
            page.goto(f"{served.url}/?shown#/run/{run}")
        else:
            if name == "light":
                time.sleep(0.5)
                page.screenshot(path=DOCS / "page-ask.png")
            page.get_by_label("Your question").fill(QUESTION)
            page.get_by_role("button", name="Ask", exact=True).click()
            if name == "light":
                page.locator(".pane .words:not(:empty)").nth(1).wait_for()
                page.locator(".pane").nth(3).wait_for()
                time.sleep(0.3)
                page.screenshot(path=DOCS / "page-live.png")  # while two of them write
        page.locator(".answer:not(.provisional)").wait_for(timeout=60_000)
        page.mouse.move(0, 0)
        time.sleep(0.5)
        page.screenshot(path=DOCS / f"page-{name}.png", full_page=True)
        context.close()


PLACES = """name,cuisine,price,rating,distance km,diet,spice,open,terrace
Kumo,"ramen, noodles",16,4.6,1.2,vegetarian,mild,Tue-Sun,no
La Piazza,"pizza, italian",22,4.2,0.4,"vegetarian, vegan",mild,daily,yes
Chili Palace,"sichuan, chinese",19,4.7,2.1,vegetarian,spicy,daily,no
Green Fork,"vegetarian kitchen",18,4.4,0.9,"vegetarian, vegan, gluten-free",mild,daily,yes
Bistro Lune,french,38,4.8,1.5,,mild,Tue-Sat,no
Taco Norte,mexican,14,4.0,3.2,vegetarian,spicy,daily,yes
"""
WISH = (
    'memory add "ate at Kumo" --about dining --to decisions',
    'memory add "vegetarian" --about dining',
    'recommend "dinner under 25 €, somewhere I haven\'t been, no peanuts" --from dining.csv',
    'recommend --go-on last --answer "no matter"',
    "recommend --go-on last --answer mild --no-ask",
    "recommend --go-on last --choose 1 --no-ask",
)


def draw_wish() -> None:
    """Say what one would like, answer, choose; draw what the terminal shows."""
    console = Console(record=True, width=120, file=open(os.devnull, "w"))  # noqa: SIM115
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dining.csv").write_text(PLACES, "utf-8")
        environment = {**os.environ, "MANYMINDS_HOME": f"{folder}/home"}
        for line in WISH:
            command = [sys.executable, "-m", "manyminds.cli", *shlex.split(line)]
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=True,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            console.print(Text(f"$ manyminds {line}", style="bold"))
            console.print(Text(done.stdout))
        shown = shlex.split(WISH[2])
        page = Path(folder) / "decision.html"
        command = [sys.executable, "-m", "manyminds.cli", *shown, "--no-ask", "--out", str(page)]
        subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        with browsing() as browser:
            tab = browser.new_page(viewport={"width": 1000, "height": 700})
            tab.goto(page.as_uri())
            tab.screenshot(path=str(DOCS / "decision.png"))
            draw_decision(browser, Path(folder) / "home")
    console.save_svg(str(DOCS / "recommend.svg"), title="manyminds recommend")


def draw_decision(browser: Browser, home: Path) -> None:
    """Wish for a dinner on the server's page, and draw the question and the table."""
    os.environ["MANYMINDS_HOME"] = str(home)
    catalogues = home / "me" / "catalogues"
    catalogues.mkdir(parents=True)
    (catalogues / "dining.csv").write_text(PLACES, "utf-8")
    with Stub() as stub, Served(home=home, model=stub.model) as served:
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(f"{served.url}/#token={OWNER_KEY}")
        tab.get_by_role("link", name="Decide").click()
        tab.get_by_label("Your wish").fill("dinner under 40 €")
        tab.get_by_role("button", name="Recommend").click()
        tab.locator("tbody tr").first.wait_for()
        tab.mouse.move(0, 0)
        tab.screenshot(path=DOCS / "page-decide.png", full_page=True)


def main(words: list[str]) -> None:
    """Serve and draw."""
    if words == ["recommend"]:
        draw_wish()
        return
    with tempfile.TemporaryDirectory() as folder, Stub() as stub, browsing() as browser:
        home, run = (Path(words[0]), words[1]) if words else (Path(folder), None)
        docs = Path(folder) / "docs"
        docs.mkdir()
        (docs / "calendar.md").write_text(
            "# Calendar\n\nA month has a Friday the 13th where it begins on a Sunday. "
            "In 2026 February and March begin on a Sunday.\n"
        )
        stub.behaviours, stub.delay_s, stub.piece_s = [dispute], 0.3, 0.1
        with Served(home=home, model=stub.model, docs=docs) as served:
            draw(browser, served, run)


if __name__ == "__main__":
    main(sys.argv[1:])
