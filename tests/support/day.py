"""The scripted day (docs/day.py) as a test plays it: its people, how they want to be told, and its events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

FILE = Path(__file__).parents[2] / "app" / "web" / "static" / "day.json"
# What the service waits for (half an hour until it asks how the order was) goes so much faster than in life.
SPEED = 900
PREFIX = "day-"
FORGOTTEN = f"{PREFIX}1011"  # whose customer is to be asked how it was much later than others
FORGOTTEN_SECONDS = 6

Line = dict[str, Any]
# Late, and wants all that was; or away in the middle; or all day.
Comes = Literal["all day", "late", "away"]


class Person(NamedTuple):
    """Somebody who takes part in the day.

    Attributes:
        number: the customer's; a kitchen is one, too, to the service.
        profile: the body of `PUT /customers/{number}`.
        topics: subscribed to before the day begins.
        mutes: kinds of events.
        is_quiet: has quiet hours, at whatever time the test runs.
        comes: when their pages are open.
        pages: how many are open.
    """

    number: int
    profile: dict[str, Any]
    topics: tuple[str, ...] = ()
    mutes: tuple[str, ...] = ()
    is_quiet: bool = False
    comes: Comes = "all day"
    pages: int = 1


class Day(NamedTuple):
    people: list[Person]
    lines: list[Line]


# Of the high ones, which are pushed all the same, too.
MUTED = ("order.preparing", "order.ready", "order.rate", "notice", "courier.nearby")
# So that each of them meets the others, and orders that are late twice: 20 away, 33 and 19 late, 48 and 17 quiet.
QUIET = {*range(3, 61, 7), 19, 48, 9004, 9103}
LATE = {*range(5, 61, 7), 9105}
AWAY = {*range(6, 61, 7), 9102, 9106}


def read() -> Day:
    """The day of the file, with some lines that say more than they do there."""
    day = json.loads(FILE.read_text(encoding="utf-8"))
    people = [
        *(customer(each) for each in day["customers"]),
        *(person(each, pages=2) for each in day["kitchens"]),
        *(person(each, mutes=("delivery.assigned",) if each["id"] == 9104 else ()) for each in day["couriers"]),
        *(person(each, topics=("stock.low",)) for each in day["warehouses"]),
    ]
    languages = {each.number: each.profile["language"] for each in people}
    lines: list[Line] = day["events"]
    for number, line in enumerate(lines):
        if line["event"] == "order.delayed" and line["order_id"] % 2:
            lines[number] = line | {"data": line["data"] | {"eta_in": line["data"]["eta_in"] + 86_400}}  # tomorrow
    for warehouse, quantity in ((9201, 1024), (9202, 21)):
        number = next(at for at, line in enumerate(lines) if line.get("warehouse_id") == warehouse)
        line = {name: value for name, value in lines[number].items() if name != "warehouse_id"}
        # Of no warehouse in particular: it goes to all who follow this kind.
        lines[number] = line | {"language": languages[warehouse], "data": line["data"] | {"quantity": quantity}}
    return Day(people, lines)


def customer(described: dict[str, Any]) -> Person:
    number = described["id"]
    return person(
        described,
        topics=(f"news.{described['language']}",) if number % 3 else (),
        mutes=MUTED if number % 5 == 0 else (),
        pages=2 if number == 1 else 1,
    )


def person(described: dict[str, Any], **wishes: Any) -> Person:
    number = described["id"]
    comes: Comes = "late" if number in LATE else "away" if number in AWAY else "all day"
    profile = {name: value for name, value in described.items() if name != "id"}
    return Person(number, profile, is_quiet=number in QUIET, comes=comes, **wishes)


def quiet_hours(person: Person, now: datetime) -> dict[str, str]:
    """Hours that are quiet now and for some time, however clocks are put; some go over midnight for certain."""
    before, after = (11, 12) if person.number % 2 else (2, 3)
    local = now.astimezone(ZoneInfo(person.profile["time_zone"]))
    begin, end = ((local + timedelta(hours=hours)).strftime("%H:%M") for hours in (-before, after))
    return {"from": begin, "to": end}


def event_of(line: Line, now: datetime) -> dict[str, Any]:
    """A line as an event of `POST /order-events` that happens now."""

    def after(seconds: float) -> str:
        return (now + timedelta(seconds=seconds)).isoformat()

    event = {name: value for name, value in line.items() if name not in ("at", "send_in", "expires_in")}
    if "order_id" in line:
        event["order_id"] = f"{PREFIX}{line['order_id']}"
    if "send_in" in line:
        is_forgotten = event["order_id"] == FORGOTTEN
        event["send_at"] = after(FORGOTTEN_SECONDS if is_forgotten else line["send_in"] / SPEED)
    if "expires_in" in line:
        event["expires_at"] = after(line["expires_in"])
    if "eta_in" in line.get("data", {}):
        event["data"] = {name: value for name, value in line["data"].items() if name != "eta_in"}
        event["data"]["eta"] = after(line["data"]["eta_in"])
    return event


def parts(lines: Sequence[Line], count: int) -> list[Sequence[Line]]:
    """The lines in so many parts, about as long as each other."""
    borders = [len(lines) * part // count for part in range(count + 1)]
    return [lines[begin:end] for begin, end in pairwise(borders)]
