"""How often the step checker finds the first wrong step, and how often it accuses a right one.

    python benchmarks/steps.py --data ../shared/data       # prints, and writes steps.json

Workings are the solutions of GSM-Plus. One stated result of each is changed; a working counts as
found if the changed step is the first one named. Workings it accuses as they stand are listed: most
of them are mistakes of the data.
"""

import argparse
import json
import random
import re
from datetime import UTC, datetime
from pathlib import Path

from manyminds.judging.interval import share_interval
from manyminds.judging.steps import check_steps, first_wrong

HERE = Path(__file__).parent
_STATED = re.compile(r"=\s*\$?(\d[\d,]*(?:\.\d+)?)(?![\d.]*\s*[*/x×])")


def main(data: Path) -> None:
    """Plant an error in each working and look for it."""
    rng = random.Random(1)
    lines = (data / "gsm_plus" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    workings = sorted({r["solution"] for r in rows} | {r["seed_solution"] for r in rows})
    accused = [(w, s) for w in workings if (s := first_wrong(w)) is not None]
    checked = sum(1 for w in workings if next(check_steps(w), None) is not None)
    planted: list[tuple[bool, bool]] = []  # can the step be computed at all; was it found
    for working in workings:
        plain = re.sub(r"<<.*?>>", "", working)
        places = list(_STATED.finditer(plain))
        if first_wrong(plain) is not None or not places:
            continue
        place = rng.choice(places)
        wrong = _changed(place[1], rng)
        found = first_wrong(plain[: place.start(1)] + wrong + plain[place.end(1) :])
        exact = found is not None and found.stated.lstrip("-") == wrong
        planted.append((_is_read(plain, place), exact))
    read = [found for readable, found in planted if readable]
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "workings": len(workings),
        "with_steps_that_can_be_checked": checked,
        "all": share([found for _, found in planted]), "steps_that_can_be_computed": share(read),
        "accused_as_they_stand": [{"step": s.text, "stated": s.stated, "correct": s.correct} for _, s in accused],
    }  # fmt: skip
    (HERE / "steps.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")  # fmt: skip
    print("planted anywhere, unknowns and algebra included:", result["all"])
    print("planted in a step that can be computed:", result["steps_that_can_be_computed"])
    print(f"{len(accused)} of {len(workings)} workings accused as they stand")


def _is_read(text: str, match: re.Match[str]) -> bool:
    """Say whether the checker reads the equality at this place."""
    stated = match[1].replace(",", "")
    line = text[text.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
    return any(step.stated.lstrip("-") == stated for step in check_steps(line))


def _changed(number: str, rng: random.Random) -> str:
    value = float(number.replace(",", ""))
    return str(int(value) + rng.choice((1, 2, 5, 10)))


def share(found: list[bool]) -> dict[str, int | float | list[float]]:
    """Return how many were found, with the 95 % interval."""
    low, high = share_interval(sum(found), len(found))
    return {
        "n": len(found), "found": sum(found), "share": round(sum(found) / len(found), 4),
        "interval": [round(low, 4), round(high, 4)],
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    main(parser.parse_args().data)
