"""The scripted day: the file that the console plays is the one that docs/day.py makes, and it is a whole day."""

from __future__ import annotations

import json
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from docs import day

KINDS = tomllib.loads((Path(__file__).parents[1] / "app/accept/catalogue/kinds.toml").read_text())
BYTES_MAX = 450_000
FATES = {"order.delivered", "order.cancelled"}


@pytest.fixture(scope="module")
def played() -> dict[str, Any]:
    return dict(json.loads(day.FILE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def orders(played: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """The lines of each order."""
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in played["events"]:
        if "order_id" in line:
            found[line["order_id"]].append(line)
    return found


def test_the_file_is_what_the_generator_makes() -> None:
    assert day.FILE.read_text(encoding="utf-8") == day.text()
    assert day.FILE.stat().st_size < BYTES_MAX


def test_every_kind_of_event_happens_with_the_data_that_it_needs(played: dict[str, Any]) -> None:
    assert {line["event"] for line in played["events"]} == set(KINDS)
    for line in played["events"]:
        given = {name.removesuffix("_in") for name in line.get("data", {})}
        kind = KINDS[line["event"]]
        assert set(kind.get("needs", ())) <= given, line
        assert given - {"items"} <= {*kind.get("needs", ()), *kind.get("may", ())}, line


def test_the_day_goes_from_its_begin_to_its_end(played: dict[str, Any]) -> None:
    times = [line["at"] for line in played["events"]]
    assert times == sorted(times)
    assert times[0] >= 0
    assert played["begins"] + times[-1] < played["ends"]


def test_each_of_200_orders_is_placed_first_and_ends_once(orders: dict[int, list[dict[str, Any]]]) -> None:
    assert len(orders) == day.ORDERS
    for lines in orders.values():
        assert lines[0]["event"] == "order.placed"
        assert {"customer_id", "kitchen_id"} <= set(lines[0])
        assert sum(line["event"] in FATES for line in lines) == 1
        assert Counter((line["event"], line.get("sequence", 0)) for line in lines).most_common(1)[0][1] == 1
    cancelled = sum(lines[-1]["event"] == "order.cancelled" for lines in orders.values())
    delays = [sum(line["event"] == "order.delayed" for line in lines) for lines in orders.values()]
    assert cancelled == day.CANCELLED
    assert sum(count > 0 for count in delays) == day.DELAYED
    assert sum(count == 2 for count in delays) == day.DELAYED_TWICE


def test_everybody_who_takes_part_is_introduced(played: dict[str, Any]) -> None:
    for group, name in (("customers", "customer_id"), ("kitchens", "kitchen_id"), ("couriers", "courier_id")):
        named = {line[name] for line in played["events"] if name in line}
        assert named <= {person["id"] for person in played[group]}
    assert Counter(person["language"] for person in played["customers"]) == {"en": 30, "ru": 30}
