"""What is sent while something breaks: a mixture of all ways to address a notification. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from app.sdk.load.script import MARK

CUSTOMERS = range(1, 301)
GROUPS = 10  # topics, each of a tenth of the customers
EVERYBODY = "faults.everybody"
RATE = 200.0  # notifications a second
# So many requests, of which one is a batch, one goes to everybody, and one is for later; then it begins anew.
CYCLE = 20
BATCH = 10
CYCLE_NOTIFICATIONS = CYCLE - 1 + BATCH
REQUEST_SECONDS = CYCLE_NOTIFICATIONS / CYCLE / RATE  # from one to the next
TO_EVERYBODY_SECONDS = CYCLE * REQUEST_SECONDS
LATER = timedelta(seconds=2)
NEVER = 1_000_000 * CYCLE + CYCLE // 4  # a request to everybody that no run gets to


class Request(NamedTuple):
    """A request.

    Attributes:
        audiences: the customers who are to see each of its notifications, in their order.
    """

    body: bytes
    audiences: tuple[range, ...]


def request(number: int, run: str) -> Request:
    """The request with a number, counted from 0.

    Args:
        run: by which its notifications are told from others.
    """
    place = number % CYCLE
    if place == 0:
        several = [_draft(number * BATCH + each, place, run) for each in range(BATCH)]
        return Request(orjson.dumps({"notifications": several}), tuple(map(_audience, several)))
    one = _draft(number, place, run)
    return Request(orjson.dumps(one), (_audience(one),))


def topics(customer: int) -> Iterator[str]:
    """The topics that a customer's stream asks for."""
    yield EVERYBODY
    yield _group(customer)


def _draft(number: int, place: int, run: str) -> dict[str, Any]:
    draft: dict[str, Any] = {"title_text": f"Number {number}", "data": {MARK: run}}
    if place == CYCLE // 4:
        draft["topic"] = EVERYBODY
    elif number % 5 < 2:
        draft["topic"] = _group(number)
    else:
        draft["receiver_id"] = CUSTOMERS[number % len(CUSTOMERS)]
    if place == CYCLE // 2:
        draft["send_at"] = (datetime.now(UTC) + LATER).isoformat()
    return draft


def _group(number: int) -> str:
    return f"faults.group{number % GROUPS}"


def _audience(draft: dict[str, Any]) -> range:
    if "receiver_id" in draft:
        return range(draft["receiver_id"], draft["receiver_id"] + 1)
    if draft["topic"] == EVERYBODY:
        return CUSTOMERS
    first = next(each for each in CUSTOMERS if _group(each) == draft["topic"])
    return CUSTOMERS[first - CUSTOMERS.start :: GROUPS]
