"""How a site is used, written once: a plan with blanks that a choice and a person fill in.

at: https://greenfork.example
steps:
- {open: "{link}"}
- {fill: Name, value: "{name}"}
- {choose: Guests, value: "{people}"}
- {press: Book table, act: submit}
receipt: Table booked
look: https://greenfork.example/bookings
mark: "{title} {day} {name}"
"""

import re
from collections.abc import Mapping
from typing import Any, cast, get_args

import yaml

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.untyped import list_of, mapping_of
from manyminds.recommend.doing.action import Class, Origin, Sent, origin_of
from manyminds.recommend.doing.plan import Kind, Plan, Step

__all__ = ["plan_from", "site_of"]

_BLANK = re.compile(r"\{([a-z_]+)\}")
_TRUST: tuple[Origin, ...] = ("page", "catalogue", "plan", "memory", "person")
"""The least trusted first: a value put together of several is from the least trusted of them."""


def site_of(text: str, where: str) -> str:
    """Return the origin that a recipe is for.

    Raises:
        UsageError: If it is no recipe.
    """
    return origin_of(str(_read(text, where).get("at") or ""))


def plan_from(text: str, where: str, goal: str, values: Mapping[str, Sent]) -> Plan:
    """Fill a recipe in.

    Args:
        text: The recipe, YAML.
        where: What it is called in errors.
        goal: What is to be done, for the person.
        values: What blanks are filled with, and who each value is from.

    Raises:
        UsageError: If it is no recipe, or a blank stays empty; the message names all of them.
    """
    told = _read(text, where)
    steps = [mapping_of(step) or {} for step in list_of(told.get("steps"))]
    named = [str(told.get(key) or "") for key in ("look", "mark", "receipt")]
    said = " ".join([*named, *(str(value) for step in steps for value in step.values())])
    if missing := [name for name in dict.fromkeys(_BLANK.findall(said)) if name not in values]:
        raise UsageError(f"{where}: nobody has said {', '.join(missing)}")
    return Plan(
        goal=goal, sites=(site_of(text, where),),
        steps=tuple(_step(step, where, values) for step in steps),
        receipt=_filled(named[2], values), look=_filled(named[0], values),
        mark=_filled(named[1], values),
    )  # fmt: skip


def _read(text: str, where: str) -> Mapping[str, Any]:
    try:
        told = mapping_of(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UsageError(f"{where}: no YAML: {' '.join(str(error).split())[:150]}") from error
    if told is None or not {"at", "steps", "receipt"} <= set(told):
        raise UsageError(f"{where}: a recipe has `at`, `steps` and `receipt`")
    return told


def _step(told: Mapping[str, Any], where: str, values: Mapping[str, Sent]) -> Step:
    kinds = [kind for kind in get_args(Kind) if kind in told]
    act = str(told.get("act") or "navigate")
    if len(kinds) != 1 or set(told) - {kinds[0], "value", "act"} or act not in get_args(Class):
        raise UsageError(
            f"{where}: a step is one of {', '.join(get_args(Kind))}, with value and act"
        )
    value = str(told.get("value") or "")
    return Step(
        kind=cast("Kind", kinds[0]), what=_filled(str(told[kinds[0]]), values),
        value=_filled(value, values), origin=_origin(value, values), act=cast("Class", act),
    )  # fmt: skip


def _filled(text: str, values: Mapping[str, Sent]) -> str:
    return _BLANK.sub(lambda blank: values[blank[1]].value, text)


def _origin(text: str, values: Mapping[str, Sent]) -> Origin:
    origins: list[Origin] = [values[name].origin for name in _BLANK.findall(text)]
    return min(origins, key=_TRUST.index) if origins else "plan"
