"""Values that somebody sets by hand, checked before anything is done with them."""

from __future__ import annotations

from math import isfinite

from app.sdk.errors import BadParameter

LENGTH_MAX = 12  # that a plot can show, and that somebody would wait for


def require_number(name: str, value: object, least: float, most: float) -> None:
    """Raises:
    BadParameter: `value` is no number from `least` to `most`.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not is_number or not least <= value <= most:  # type: ignore[operator]
        raise BadParameter(name, value, f"be a number from {least:,g} to {most:,g}")


def require_whole(name: str, value: object, least: int, most: int) -> None:
    """Raises:
    BadParameter: `value` is no whole number from `least` to `most`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadParameter(name, value, f"be a whole number from {least:,} to {most:,}")


def require_wholes(name: str, values: object, least: int, most: int, *, length_min: int = 1) -> None:
    """Raises:
    BadParameter: `values` is no list of whole numbers from `least` to `most`, or it is too short or too long.
    """
    if not isinstance(values, list | tuple) or not length_min <= len(values) <= LENGTH_MAX:
        raise BadParameter(name, values, f"be a list of {length_min} to {LENGTH_MAX} whole numbers, such as [50, 200]")
    for value in values:
        require_whole(name, value, least, most)
