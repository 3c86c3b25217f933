"""The solvers, as programs in the sandbox use them: against closed forms, within one percent."""

import json
import math

import pytest

from manyminds.tools.sandbox.tool import Python

pytestmark = pytest.mark.anyio
PI = math.pi
CASES: dict[str, tuple[str, float]] = {
    "a cantilever under its own weight": ("beam(2, 5e3, load=-100)[1][-1]", -100 * 2**4 / (8 * 5e3)),
    "its moment at the wall": ("beam(2, 5e3, load=-100)[3][0]", -100 * 2**2 / 2),
    "a cantilever with a force at its end": ("beam(2, 5e3, forces=[(2, -50)])[1][-1]", -50 * 2**3 / (3 * 5e3)),
    "a beam on two supports": (
        "beam(2, 5e3, load=-100, supports={0.0: 'pinned', 2.0: 'roller'})[1].min()", -5 * 100 * 2**4 / (384 * 5e3),
    ),
    "its moment in the middle": (
        "beam(2, 5e3, load=-100, supports={0.0: 'pinned', 2.0: 'roller'})[3][20]", 100 * 2**2 / 8,
    ),
    "a beam fixed at both ends": (
        "beam(2, 5e3, load=-100, supports={0.0: 'fixed', 2.0: 'fixed'})[1].min()", -100 * 2**4 / (384 * 5e3),
    ),
    "a bar that is pulled and weighs": ("bar(2, 1e5, force=10, load=3)[1][-1]", 10 * 2 / 1e5 + 3 * 2**2 / (2 * 1e5)),
    "a plate that is pulled": ("plane_stress(1, .2, .01, 2e11, .3, pull=(1e6, 0), fixed='slide')[0][0, -1]", 1e6 / 2e11),
    "and grows thinner": (
        "(lambda u: u[-1, -1] - u[0, -1])(plane_stress(1, .2, .01, 2e11, .3, pull=(1e6, 0), fixed='slide')[1])",
        -0.3 * 1e6 / 2e11 * 0.2,
    ),
    "a slender plate that is bent": (
        "plane_stress(1, .05, .01, 2e11, .3, pull=(0, -1e5), nx=60, ny=8)[1][4, -1]",
        -1e5 * 0.05 * 0.01 / (3 * 2e11 * 0.01 * 0.05**3 / 12),
    ),
    "heat that leaves a rod": (
        "heat(1, 1e-2, left=0, right=0, start=lambda x: np.sin(np.pi * x), time=5)[1][50]", math.exp(-PI**2 * 0.05),
    ),
    "a rod that is warmed and closed at one end": (
        "heat(1, 1e-2, left=0, right=None, start=0, source=1e-2, time=2000)[1][-1]", 0.5,
    ),
    "a plate whose side is warm": (
        "heat_2d(1, 1, left=0, right=0, bottom=0, top=lambda x: np.sin(np.pi * x))[2][20, 20]",
        math.sinh(PI / 2) / math.sinh(PI),
    ),
    "a plate that is warmed": (
        "heat_2d(1, 1, left=0, right=0, bottom=0, top=0, source=1)[2][20, 20]", 0.0736713,
    ),
    "the speed between plates": ("channel_flow(.02, 1e-3, -.5)[1].max()", 0.5 * 0.02**2 / (8 * 1e-3)),
    "the flow between plates": ("channel_flow(.02, 1e-3, -.5)[2]", 0.5 * 0.02**3 / (12 * 1e-3)),
    "a plate that moves": ("channel_flow(.02, 1e-3, 0, wall=.3)[1][50]", 0.15),
    "the flow through a square duct": ("duct_flow(.02, .02, 1e-3, -.5)[3]", 0.5 * 0.02**4 / 1e-3 * 0.035144),
}  # fmt: skip


async def test_closed_forms_are_met_within_one_percent(python: Python) -> None:
    lines = [f"found[{name!r}] = float({code})" for name, (code, _) in CASES.items()]
    code = "\n".join([
        "import json, numpy as np", "from solvers import *", "found = {}", *lines, "print(json.dumps(found))",
    ])  # fmt: skip
    ran = await python.run("m1", code)
    assert ran.error is None
    found = json.loads(ran.stdout)
    off = {name: found[name] / right - 1 for name, (_, right) in CASES.items()}
    assert {name: error for name, error in off.items() if abs(error) >= 0.01} == {}


async def test_a_program_can_ask_what_there_is(python: Python) -> None:
    ran = await python.run("m1", "import solvers\nprint(solvers.duct_flow.__doc__)")
    assert "rectangular duct" in ran.stdout
