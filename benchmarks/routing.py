"""How often the router takes the route that a person would, what that costs, what it confuses.

    python benchmarks/routing.py            # writes routing.json: the figure, on the even ids
    python benchmarks/routing.py --fit      # first fits the shipped weights, on the other questions

The 500 questions in `sets/routing.jsonl` and the 1,680 in `sets/routing_train.jsonl` were written and
labelled for this by five writers who had seen neither the router nor each other's. Features were
written while looking at the odd ids; weights are fitted on them and the training set; the even ids
were not read.
"""

import argparse
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from figures import code, machine

from manyminds.judging.interval import share_interval
from manyminds.strategies import route as shipped
from manyminds.strategies.route import REQUESTS, ROUTES, Router, inputs

HERE = Path(__file__).parent
WEIGHTS = Path(shipped.__file__).with_name("route_weights.json")
OPTIONAL = {"search_docs": "has_docs", "search_web": "has_search"}
RIDGE, LEAST = 0.5, 3
"""Pull of the weights to zero; questions in which a stem has to occur."""
Row = dict[str, str | bool]


def main(*, fit: bool) -> None:
    """Fit where asked to; measure on the even ids."""
    rows = rows_of("routing.jsonl")
    odd = [row for row in rows if int(str(row["id"])[1:]) % 2 == 1]
    even = [row for row in rows if int(str(row["id"])[1:]) % 2 == 0]
    if fit:
        write_weights([*odd, *rows_of("routing_train.jsonl")])
    parts = {"held_out": figures(even), "fitted_on": figures(odd)}
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
        "code": code(), **parts,
    }  # fmt: skip
    text = json.dumps(result, indent=1) + "\n"
    (HERE / "routing.json").write_text(text, encoding="utf-8")
    for name, part in parts.items():
        print(name, json.dumps({k: v for k, v in part.items() if k != "confusion"}))


def rows_of(name: str) -> list[Row]:
    """Read a labelled set."""
    lines = (HERE / "sets" / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def write_weights(rows: list[Row]) -> None:
    """Fit a softmax with a ridge by gradient descent; keep it beside the router."""
    seen = [inputs(str(row["question"]), tools_of(row)) for row in rows]
    often = Counter(name for one in seen for name in one)
    names = sorted(n for n, count in often.items() if count >= LEAST or not n.startswith("~"))
    x = np.array([[one.get(name, 0.0) for name in names] for one in seen], dtype=np.float32)
    y = np.eye(len(ROUTES))[[ROUTES.index(row["label"]) for row in rows]]
    possible = np.array([[fits(route, row) for route in ROUTES] for row in rows])
    pull = np.array([[1e-3 if name == "bias" else RIDGE] for name in names])
    w, first, second = np.zeros((len(names), len(ROUTES))), 0.0, 0.0
    for step in range(1, 251):  # Adam: Kingma and Ba 2015
        likely = softmax(np.where(possible, x @ w, -30))
        slope = (x.T @ (likely - y) + pull * w) / len(rows)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        w -= 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    lines = [
        f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps([round(float(v), 2) for v in row])}"
        for name, row in zip(names, w, strict=True)
    ]
    head = {"source": "python benchmarks/routing.py --fit", "rows": len(rows), "routes": ROUTES}
    told = json.dumps(head)[:-1] + ', "weights": {\n' + ",\n".join(lines) + "\n}}\n"
    WEIGHTS.write_text(told, encoding="utf-8")
    shipped.shipped_weights.cache_clear()


def softmax(z: np.ndarray) -> np.ndarray:
    """Return probabilities, row by row."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fits(route: str, row: Row) -> bool:
    """Say whether a route's tool is there."""
    key = {"docs": "has_docs", "search": "has_search"}.get(route)
    return key is None or bool(row[key])


def tools_of(row: Row) -> list[str]:
    """Return the tools there are for a row."""
    return ["calculate", "python", *(tool for tool, key in OPTIONAL.items() if row[key])]


def figures(rows: list[Row]) -> dict[str, object]:
    """Return accuracy, cost and confusion."""
    chosen = [Router().choose(str(row["question"]), tools=tools_of(row)) for row in rows]
    right = sum(c.route == row["label"] for c, row in zip(chosen, rows, strict=True))
    # Too little is what goes wrong for a person; `auto` mends part of it by going on to the panel.
    least = [REQUESTS[str(row["effort"])] for row in rows]
    spent = [0 if c.route == "calculator" else REQUESTS[c.effort] for c in chosen]
    short = sum(
        REQUESTS[c.effort] < need and c.route != row["label"]
        for c, need, row in zip(chosen, least, rows, strict=True)
    )
    pairs = Counter((str(row["label"]), c.route) for c, row in zip(chosen, rows, strict=True))
    return {
        "n": len(rows), "right": right, "accuracy": round(right / len(rows), 3),
        "interval": [round(v, 3) for v in share_interval(right, len(rows))],
        "commonest_label": round(max(Counter(r["label"] for r in rows).values()) / len(rows), 3),
        "too_little": round(short / len(rows), 3),
        "requests_a_question": round(sum(spent) / len(rows), 2),
        "requests_as_labelled": round(sum(least) / len(rows), 2),
        "requests_always_heavy": REQUESTS["heavy"],
        "calibration_error": round(calibration_error(rows), 3),
        "confusion": {f"{a} as {b}": n for (a, b), n in sorted(pairs.items())},
    }  # fmt: skip


def calibration_error(rows: list[Row]) -> float:
    """Return the expected calibration error of the likeliest route, ten bins."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for row in rows:
        likely = shipped.route_probabilities(str(row["question"]), tools_of(row))
        route = max(likely, key=lambda r: likely[r])
        held = bins.setdefault(min(9, int(likely[route] * 10)), [])
        held.append((likely[route], route == row["label"]))
    gaps = [abs(sum(p for p, _ in b) - sum(ok for _, ok in b)) for b in bins.values()]
    return sum(gaps) / len(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true")
    main(fit=parser.parse_args().fit)
