"""Values that somebody sets by hand, checked before anything is done with them."""

from __future__ import annotations

from math import isfinite

from app.sdk.errors import BadParameter


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
