"""Where things are, and how far that is from where one is."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.untyped import list_of, mapping_of

__all__ = ["Place", "place_in", "place_of", "read_place"]

_EARTH_KM = 6_371.0
_NUMBER = r"[-+]?\d{1,3}(?:\.\d+)?"
_PAIR = re.compile(rf"\s*({_NUMBER})\s*[,;]\s*({_NUMBER})\s*")
_LATITUDES = ("latitude", "lat")
_LONGITUDES = ("longitude", "lon", "lng", "long")
_PAIRS = ("geo", "latlon", "latlng")
_POINTS = ("coordinates", "geometry", "geo")
"""Where lists of numbers stand, which GeoJSON has the other way round: longitude first."""
_INSIDE = ("geo", "geometry", "location", "place", "address", "venue")
"""Where nested objects keep it, as `location.geo` of schema.org."""
_DEEP = 5


@dataclass(frozen=True, kw_only=True)
class Place:
    """A point on the earth, in degrees."""

    latitude: float
    longitude: float

    def km_to(self, other: "Place") -> float:
        """Return the way over the ground as the crow flies, in km (haversine)."""
        a, b = math.radians(self.latitude), math.radians(other.latitude)
        across = math.sin(math.radians(other.longitude - self.longitude) / 2) ** 2
        h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * across
        return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, h)))


def read_place(text: str) -> Place:
    """Read "50.73, 7.10": degrees north and east.

    Raises:
        UsageError: If it says something else.
    """
    found = _PAIR.fullmatch(text)
    place = None if found is None else _valid(float(found[1]), float(found[2]))
    if place is None:
        raise UsageError(f"a place is its latitude and longitude, as 50.73,7.10, not {text!r}")
    return place


def place_in(row: Mapping[str, str]) -> Place | None:
    """Return where a row says that its thing is; `None` where it does not, or says nonsense."""
    low = {key.casefold().strip(): value for key, value in row.items()}
    north, east = (
        next((low[name] for name in names if low.get(name)), "")
        for names in (_LATITUDES, _LONGITUDES)
    )
    if re.fullmatch(_NUMBER, north.strip()) and re.fullmatch(_NUMBER, east.strip()):
        return _valid(float(north), float(east))
    pairs = (_PAIR.fullmatch(low[name]) for name in _PAIRS if low.get(name))
    found = next(filter(None, pairs), None)
    return None if found is None else _valid(float(found[1]), float(found[2]))


def place_of(thing: Any, depth: int = 0) -> str:
    """Return "latitude,longitude" of a nested object, or of one inside; empty where none has it."""
    told = mapping_of(thing)
    if told is None or depth > _DEEP:
        listed = list_of(thing) if depth <= _DEEP else []
        return next(filter(None, (place_of(one, depth + 1) for one in listed)), "")
    north, east = (
        next((told[name] for name in names if isinstance(told.get(name), int | float | str)), None)
        for names in (_LATITUDES, _LONGITUDES)
    )
    if north is not None and east is not None and place_in({"geo": f"{north},{east}"}):
        return f"{north},{east}"
    for key in _POINTS:
        point = [one for one in list_of(told.get(key)) if isinstance(one, int | float)]
        if len(point) in (2, 3):
            return f"{point[1]},{point[0]}"
    return next(filter(None, (place_of(told.get(key), depth + 1) for key in _INSIDE)), "")


def _valid(latitude: float, longitude: float) -> Place | None:
    # Nothing is at 0,0 but what nobody has placed.
    if abs(latitude) > 90 or abs(longitude) > 180 or (latitude, longitude) == (0, 0):
        return None
    return Place(latitude=latitude, longitude=longitude)
