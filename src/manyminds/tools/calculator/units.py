"""Units by name, with exact factors to one base unit per dimension.

Only whole words that stand here are units: guessing prefixes would turn "cats" into
centi-atmospheres. Temperatures have an offset as well.
Source: BIPM, The International System of Units, 9th ed. (2019), tables 4, 7 and 8; international
yard and pound agreement (1959); IEC 80000-13 for bytes.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

__all__ = ["Unit", "convert", "unit_names", "unit_of"]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit: `base = number * factor + offset`."""

    name: str
    dimension: str
    factor: Fraction
    offset: Fraction = Fraction(0)


_F = Fraction
_IN = _F(254, 10_000)
_LB = _F(45_359_237, 100_000_000)
_US_GAL = _F(3_785_411_784, 1_000_000_000_000)

# dimension -> factor -> the names of one unit; the first is the one shown.
_TABLE: dict[str, tuple[tuple[Fraction, str], ...]] = {
    "length": (
        (_F(1), "m meter meters metre metres"),
        (_F(1000), "km kilometer kilometers kilometre kilometres kms"),
        (_F(1, 10), "dm decimeter decimetre decimeters decimetres"),
        (_F(1, 100), "cm centimeter centimeters centimetre centimetres cms"),
        (_F(1, 1000), "mm millimeter millimeters millimetre millimetres"),
        (_F(1, 10**6), "µm um micrometer micrometers micrometre micrometres micron microns"),
        (_F(1, 10**9), "nm nanometer nanometers nanometre nanometres"),
        (_IN, "in inch inches"),
        (_IN * 12, "ft foot feet"),
        (_IN * 36, "yd yard yards yds"),
        (_IN * 63_360, "mi mile miles"),
        (_F(1852), "nmi nautical_mile nautical_miles"),
    ),
    "mass": (
        (_F(1), "kg kilogram kilograms kilo kilos kgs"),
        (_F(1, 1000), "g gram grams"),
        (_F(1, 10**6), "mg milligram milligrams"),
        (_F(1, 10**9), "µg ug microgram micrograms"),
        (_F(1000), "t tonne tonnes"),
        (_LB, "lb pound pounds lbs"),
        (_LB / 16, "oz ounce ounces"),
        (_LB * 14, "st stone stones"),
    ),
    "time": (
        (_F(1), "s second seconds sec secs"),
        (_F(1, 1000), "ms millisecond milliseconds"),
        (_F(60), "min minute minutes mins"),
        (_F(3600), "h hour hours hr hrs"),
        (_F(86_400), "d day days"),
        (_F(604_800), "week weeks wk"),
    ),
    "volume": (
        (_F(1, 1000), "l liter liters litre litres L"),
        (_F(1, 10**6), "ml milliliter milliliters millilitre millilitres mL"),
        (_F(1, 10**5), "cl centiliter centiliters centilitre centilitres"),
        (_F(1), "m^3 m³ m3 cubic_meter cubic_meters cubic_metre cubic_metres"),
        (_F(1, 10**6), "cm^3 cm³ cm3 cubic_centimeter cubic_centimeters cubic_centimetres"),
        (_US_GAL, "gal gallon gallons"),
        (_US_GAL / 4, "qt quart quarts"),
        (_US_GAL / 8, "pt pint pints"),
        (_US_GAL / 16, "cup cups"),
        (_US_GAL / 128, "floz fluid_ounce fluid_ounces"),
        (_US_GAL / 256, "tbsp tablespoon tablespoons"),
        (_US_GAL / 768, "tsp teaspoon teaspoons"),
    ),
    "area": (
        (_F(1), "m^2 m² m2 sqm square_meter square_meters square_metre square_metres"),
        (_F(10**6), "km^2 km² km2 square_kilometer square_kilometers square_kilometres"),
        (_F(1, 10**4), "cm^2 cm² cm2 square_centimeter square_centimeters square_centimetres"),
        (_F(10**4), "ha hectare hectares"),
        (_IN**2, "in^2 in² square_inch square_inches"),
        (_IN**2 * 144, "ft^2 ft² sqft square_foot square_feet"),
        (_IN**2 * 1296, "yd^2 square_yard square_yards"),
        (_IN**2 * 1296 * 4840, "acre acres"),
        (_IN**2 * 63_360**2, "mi^2 square_mile square_miles"),
    ),
    "speed": (
        (_F(1), "m/s mps"),
        (_F(1000, 3600), "km/h kph kmh"),
        (_IN * 63_360 / 3600, "mph mi/h"),
        (_F(1852, 3600), "kn knot knots"),
        (_IN * 12, "ft/s"),
    ),
    "data": (
        (_F(1), "B byte bytes"),
        (_F(1, 8), "bit bits"),
        (_F(10**3), "kB KB kilobyte kilobytes"),
        (_F(10**6), "MB megabyte megabytes"),
        (_F(10**9), "GB gigabyte gigabytes"),
        (_F(10**12), "TB terabyte terabytes"),
        (_F(2**10), "KiB kibibyte kibibytes"),
        (_F(2**20), "MiB mebibyte mebibytes"),
        (_F(2**30), "GiB gibibyte gibibytes"),
        (_F(2**40), "TiB tebibyte tebibytes"),
    ),
    "energy": (
        (_F(1), "J joule joules"),
        (_F(1000), "kJ kilojoule kilojoules"),
        (_F(4184, 1000), "cal calorie calories"),
        (_F(4184), "kcal kilocalorie kilocalories"),
        (_F(3600), "Wh watt_hour watt_hours"),
        (_F(3_600_000), "kWh kilowatt_hour kilowatt_hours"),
    ),
    "power": ((_F(1), "W watt watts"), (_F(1000), "kW kilowatt kilowatts")),
    "usd": ((_F(1), "USD usd dollar dollars $"), (_F(1, 100), "cent cents ¢")),
    "eur": ((_F(1), "EUR eur euro euros €"),),
    "gbp": ((_F(1), "GBP gbp £"),),
}
_KELVIN = (
    ("K kelvin kelvins", _F(1), _F(0)),
    ("°C degC celsius Celsius C", _F(1), _F(27_315, 100)),
    ("°F degF fahrenheit Fahrenheit F", _F(5, 9), _F(27_315, 100) - _F(160, 9)),
)


@cache
def _units() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for dimension, rows in _TABLE.items():
        for factor, names in rows:
            first = names.split()[0]
            for name in names.split():
                found[name] = Unit(name=first, dimension=dimension, factor=factor)
    for names, factor, offset in _KELVIN:
        first = names.split()[0]
        for name in names.split():
            found[name] = Unit(name=first, dimension="temperature", factor=factor, offset=offset)
    return found


def unit_names() -> frozenset[str]:
    """Return every name that is understood."""
    return frozenset(_units())


def unit_of(text: str) -> Unit | None:
    """Return the unit of that name, or `None`: a word that is no unit is only a word."""
    name = text.strip().rstrip(".").replace("degrees ", "°").replace(" per ", "/")
    name = name.replace("°celsius", "°C").replace("°fahrenheit", "°F").replace("°Celsius", "°C")
    name = name.replace("kilometers/hour", "km/h").replace("miles/hour", "mph").replace(" ", "_")
    units = _units()
    return units.get(name) or units.get(name.lower())


def convert(number: Fraction, source: Unit, target: Unit) -> Fraction | None:
    """Convert exactly; `None` where the units measure different things."""
    if source.dimension != target.dimension:
        return None
    return (number * source.factor + source.offset - target.offset) / target.factor
