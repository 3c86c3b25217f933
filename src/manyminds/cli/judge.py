"""`manyminds judge`: say which answers were right, see how far judges agree, fit the confidence."""

import json
from dataclasses import asdict
from typing import Annotated, Literal

from cyclopts import App, Parameter

from manyminds.runtime.labels import Report, decides, fit_labels
from manyminds.runtime.labels import label as keep_label
from manyminds.runtime.labels import report as make_report
from manyminds.runtime.paths import data_home

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]

app = App(name="judge", help="Label answers, compare judges with you, fit the confidence.")


@app.command
def label(run: str, verdict: Literal["right", "wrong"], *, json_: Json = False) -> int:
    """Say whether a run's answer was right.

    Args:
        run: Its name, a unique part of it, or `last`.
        verdict: right or wrong.
        json_: Print one JSON object.
    """
    name = keep_label(data_home(), run, right=verdict == "right")
    done = {"outcome": "answered", "cost": None, "run": name, "label": verdict}
    print(json.dumps(done) if json_ else f"{name}: {verdict}")
    return 0


@app.command
def fit(*, json_: Json = False) -> int:
    """Fit the confidence of answers, and what `--ranker features` goes by, on your labels.

    Args:
        json_: Print one JSON object.
    """
    _show(fit_labels(data_home()), json_=json_)
    return 0


@app.command
def report(*, json_: Json = False) -> int:
    """Show how far each judge agrees with you, and what stated confidence has been worth.

    Args:
        json_: Print one JSON object.
    """
    _show(make_report(data_home()), json_=json_)
    return 0


def _show(found: Report, *, json_: bool) -> None:
    if json_:
        fitted = None if found.calibration is None else asdict(found.calibration)
        judges = {
            name: {**asdict(one), "may_decide": decides(name, one)}
            for name, one in found.judges.items()
        }
        rankers = {
            name: {**asdict(one), "may_decide": one.may_decide()}
            for name, one in found.rankers.items()
        }
        done = {"outcome": "answered", "cost": None, "labels": found.labels}
        more = {"calibration": fitted, "weights": found.weights}
        print(json.dumps({**done, "judges": judges, "rankers": rankers, **more}))
        return
    print(f"{found.labels} labels")
    for name, one in found.judges.items():
        use = "may decide" if decides(name, one) else "is not used to decide"
        print(
            f"{name:16} kappa {one.kappa:.2f} ({one.low:.2f} to {one.high:.2f}), same verdict in "
            f"{one.same:.0%} of {one.n}; {use}"
        )
    for name, one in found.rankers.items():
        use = "may decide" if one.may_decide() else "is not used to decide"
        share = f"{one.low:.0%} to {one.high:.0%}"
        print(f"{name:16} {one.right} of {one.n} answers right that it chose ({share}); {use}")
    if found.weights is not None:
        shown = ", ".join(f"{name} {weight:.2f}" for name, weight in found.weights.items())
        print(f"features         {shown}")
    if found.calibration is None:
        print("confidence       too few labels, or all alike, to say what it is worth")
    else:
        before, after = found.calibration.error_before, found.calibration.error_after
        how = f"{found.calibration.method} on {found.calibration.n}"
        print(
            f"confidence       calibration error {before:.3f} as stated, {after:.3f} fitted ({how})"
        )
