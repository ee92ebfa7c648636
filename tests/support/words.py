"""What the catalogue says of an event, worked out apart from the service: plain Jinja2, and formats written down here.

They know what the scripted day has, in English and Russian, as Unicode CLDR wants it, and nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, pass_context
from jinja2.runtime import Context

FOLDER = Path(__file__).parents[2] / "app" / "accept" / "catalogue"

NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"
ENGLISH_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "AUD": "A$", "INR": "₹", "SGD": f"SGD{NO_BREAK}"}
RUSSIAN_SIGNS = {"RUB": "₽", "EUR": "€"}
ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
RUSSIAN_MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip


class Words:
    """The texts of all kinds in both languages, and what else the catalogue's files say of the kinds."""

    def __init__(self) -> None:
        self.kinds: dict[str, dict[str, Any]] = _read("kinds")
        self._templates = {
            language: {
                event: tuple(jinja.from_string(texts[name]) for name in ("title", "body"))
                for event, texts in _read(language).items()
            }
            for language, jinja in (("en", _english()), ("ru", _russian()))
        }

    def say(
        self, event: str, order_id: str | None, data: Mapping[str, Any], language: str, time_zone: str, now: datetime
    ) -> tuple[str, str]:
        """Title and body for somebody who reads them at a time."""
        values = {**data, "order_id": order_id, "zone": ZoneInfo(time_zone), "now": now}
        title, body = (template.render(values).strip() for template in self._templates[language][event])
        return title, body


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _english() -> Environment:
    """£12.00; 6:05 PM; October 3, 6:05 PM; 1,024 units."""

    def clock(moment: datetime) -> str:
        return f"{(moment.hour + 11) % 12 + 1}:{moment:%M}{NARROW_NO_BREAK}{'AM' if moment.hour < 12 else 'PM'}"

    def date(moment: datetime) -> str:
        return f"{ENGLISH_MONTHS[moment.month - 1]} {moment.day}"

    jinja = Environment()
    jinja.filters["money"] = lambda amount, currency: f"{ENGLISH_SIGNS[currency]}{Decimal(amount):,.2f}"
    jinja.filters["number"] = lambda number: f"{number:,}"
    jinja.filters["plural"] = lambda number, **forms: forms["one" if number == 1 else "other"]
    jinja.filters["time"] = _time(clock, date)
    return jinja


def _russian() -> Environment:
    """450,00 ₽; 18:05; 3 октября, 18:05; 1 024 штуки."""

    def spaced(number: str) -> str:
        return number.replace(",", NO_BREAK).replace(".", ",")

    def form(number: int) -> str:
        if number % 10 == 1 and number % 100 != 11:
            return "one"
        return "few" if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else "many"

    def date(moment: datetime) -> str:
        return f"{moment.day} {RUSSIAN_MONTHS[moment.month - 1]}"

    jinja = Environment()
    jinja.filters["money"] = lambda amount, currency: (
        f"{spaced(f'{Decimal(amount):,.2f}')}{NO_BREAK}{RUSSIAN_SIGNS[currency]}"
    )
    jinja.filters["number"] = lambda number: spaced(f"{number:,}")
    jinja.filters["plural"] = lambda number, **forms: forms[form(number)]
    jinja.filters["time"] = _time(lambda moment: f"{moment:%H:%M}", date)
    return jinja


def _time(clock: Any, date: Any) -> Any:
    @pass_context
    def time(context: Context, text: str) -> str:
        """The time of the day where the reader is; with the date, unless it is today."""
        moment = datetime.fromisoformat(text).astimezone(context["zone"])
        is_today = moment.date() == context["now"].astimezone(context["zone"]).date()
        return str(clock(moment)) if is_today else f"{date(moment)}, {clock(moment)}"

    return time
