"""The page of a decision: what stands in it is data, and its weights do what ours do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from manyminds.cli.app import run

pytestmark = pytest.mark.anyio
PLACES = (
    "id,name,cuisine,price,distance,rating,url\n"
    "1,Green Fork,vegetarian,18,2.0,4.4,https://greenfork.example\n2,Roma,italian,22,0.6,4.6,https://roma.example\n"
    "3,Sakura,japanese,24,1.1,4.8,\n4,Spice,indian,15,3.2,4.1,\n5,Noir,french,34,0.9,4.7,\n6,Blue Door,italian,19,1.4,,\n"
    "7,\"</script><script>document.title='hit'</script><!-- {{nonce}} {{data}}\",thai,17,2.4,4.0,javascript:alert(1)\n"
)


@pytest.fixture
def page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, list[str]]:
    (tmp_path / "places.csv").write_text(PLACES)
    common = ["--me", str(tmp_path / "me"), "--no-ask", "--json"]
    out = tmp_path / "table.html"
    wish = ["dinner <b>tonight</b> under 25 euros", "--from", str(tmp_path / "places.csv")]
    assert run(["recommend", *wish, "--out", str(out), *common]) == 0
    told = json.loads(capsys.readouterr().out)
    assert run(["recommend", "--go-on", told["dialogue"], "--weight", "distance=8", "--weight", "price=3", *common]) == 0  # fmt: skip
    other = json.loads(capsys.readouterr().out)
    return out, [option["title"] for option in other["options"]]


async def test_weights_that_are_moved_rank_as_ours_do(page: tuple[Path, list[str]], browser: Any) -> None:  # fmt: skip
    path, expected = page
    tab = await browser.new_page()
    told: list[str] = []
    tab.on("console", lambda line: told.append(line.text))
    tab.on("pageerror", lambda error: told.append(str(error)))
    await tab.goto(path.as_uri())
    assert await tab.title() == "dinner <b>tonight</b> under 25 euros"
    first = await tab.inner_text("#top b")
    await tab.locator("#w-distance").fill("8")
    await tab.locator("#w-price").fill("3")
    titles = await tab.locator("#rows tr td:first-child").all_inner_texts()
    assert titles == expected
    assert await tab.inner_text("#top b") == expected[0] != first
    assert "--weight price=3 --weight distance=8" in await tab.inner_text("#same")
    assert not await tab.locator(".as-it-was").first.is_visible()
    await tab.click("#reset")
    assert await tab.inner_text("#top b") == first
    assert told == []
    await tab.close()


def test_what_a_catalogue_says_is_no_part_of_the_page(page: tuple[Path, list[str]]) -> None:
    html = page[0].read_text()
    assert html.count("<script") == html.count("</script>") == 2
    assert "javascript:alert" not in html
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert data is not None
    assert "<" not in data[1]
    assert any("{{nonce}} {{data}}" in option["title"] for option in json.loads(data[1])["options"])
    assert "default-src 'none'" in html


async def test_at_the_turning_point_that_is_named_another_comes_first(page: tuple[Path, list[str]], browser: Any) -> None:  # fmt: skip
    tab = await browser.new_page()
    await tab.goto(page[0].as_uri())
    turned = 0
    for slider in await tab.locator("#weights input").all():
        await tab.click("#reset")
        first = await tab.inner_text("#top b")
        [name] = [await slider.get_attribute("id")]
        tip = await tab.inner_text(f"#{name} + output + .tip")
        told = re.fullmatch(r"at ([\d.]+): (.+) first", tip)
        if told is None:
            assert tip == "changes nothing"
            values = [str(tenth / 10) for tenth in range(0, 101, 10)]
        else:
            now, turn = float(await slider.input_value()), float(told[1])
            # A step before it the first is still the first; at it the named one is.
            await slider.fill(f"{turn + (0.1 if turn < now else -0.1):.1f}")
            assert await tab.inner_text("#top b") == first
            await slider.fill(told[1])
            assert await tab.inner_text("#top b") == told[2] != first
            turned, values = turned + 1, []
        for value in values:
            await slider.fill(value)
            assert await tab.inner_text("#top b") == first
    assert turned
    await tab.close()
