"""Numbers as a person reads them: in the unit that fits, with no more digits than they deserve."""

from __future__ import annotations

from math import isnan

NOTHING = "none"  # where nothing was measured

_SECOND = 1000
_UNITS = ((_SECOND, "ms", 1), (60 * _SECOND, "s", _SECOND), (3600 * _SECOND, "min", 60 * _SECOND))
_HOUR = (3600 * _SECOND, "h")
_HOURS_MAX = 48  # beyond, days
_DAY = (24 * 3600 * _SECOND, "days")


def duration(milliseconds: float | None) -> str:
    """`0.8 ms`, `12 ms`, `1.4 s`, `25 min`, `3 h`, `4 days`."""
    if milliseconds is None or isnan(milliseconds):
        return NOTHING
    for limit, unit, size in _UNITS:
        if abs(milliseconds) < limit * 0.9995:  # 999.7 ms is 1 s
            return f"{_digits(milliseconds / size)} {unit}"
    size, unit = _HOUR if abs(milliseconds) < _HOURS_MAX * _HOUR[0] else _DAY
    return f"{_digits(milliseconds / size)} {unit}"


def count(number: float | None) -> str:
    """`1,250`."""
    if number is None or isnan(number):
        return NOTHING
    return f"{number:,.0f}" if abs(number) >= 10 or number == int(number) else f"{number:.1f}"


def share(part: float | None) -> str:
    """`98.5 %` of 0.985. Never `100 %` or `0 %` of what is almost that."""
    if part is None or isnan(part):
        return NOTHING
    for digits in (0, 1, 2, 3):
        text = f"{part * 100:.{digits}f}"
        rounded = float(text)
        is_exact = abs(rounded - part * 100) < 1e-9
        if is_exact or (digits >= 1 and rounded not in {0.0, 100.0}):
            return f"{text} %"
    return f"{'less' if part < 0.5 else 'more'} than {'0.001' if part < 0.5 else '99.999'} %"


def _digits(value: float) -> str:
    """Two digits that count, or as many as stand before the point."""
    if value == 0:
        return "0"
    decimals = 0 if abs(value) >= 9.95 else 1 if abs(value) >= 0.095 else 2
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
