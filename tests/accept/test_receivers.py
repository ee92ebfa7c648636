"""Receivers: what is remembered of them is never older than what the log has told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tortoise import Tortoise

from app import database
from app.accept import receivers as receivers_module
from app.accept.receivers import Receivers
from app.entry import Entry, Kind, SubscriptionChange, customer_entry
from app.models import Customer
from app.preferences import DEFAULT, Preferences, to_columns

RUSSIAN = Preferences("ru", "Europe/Moscow")


class Rows:
    """A table of customers whose queries a test can hold up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[list[int]] = []
        self.asking = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()
        self.failure: Exception | None = None
        connection = database.connection()
        self._execute = connection.execute_query_dict
        monkeypatch.setattr(connection, "execute_query_dict", self._answer)

    async def write(self, customer_id: int, preferences: Preferences) -> None:
        await Customer.update_or_create(id=customer_id, defaults=to_columns(preferences))

    async def _answer(self, query: str, values: list[str]) -> list[dict[str, Any]]:
        self.asked.append([customer_id for [customer_id] in orjson.loads(values[0])])
        if self.failure is not None:
            raise self.failure
        found = await self._execute(query, values)
        self.asking.set()
        await self.answers.wait()
        return found


@pytest.fixture
async def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rows]:
    await database.connect(f"sqlite://{tmp_path / 'database'}")
    try:
        await Tortoise.generate_schemas()
        yield Rows(monkeypatch)
    finally:
        await database.disconnect()


async def test_customers_are_asked_for_once(rows: Rows) -> None:
    await rows.write(1, RUSSIAN)
    receivers = Receivers()
    assert await receivers.preferences([2, 1]) == {1: RUSSIAN, 2: DEFAULT}
    assert await receivers.preferences([1, 2, 3]) == {1: RUSSIAN, 2: DEFAULT, 3: DEFAULT}
    assert rows.asked == [[1, 2], [3]]


async def test_one_who_has_changed_is_asked_for_again(rows: Rows) -> None:
    receivers = Receivers()
    await receivers.preferences([1, 2])
    await rows.write(1, RUSSIAN)
    receivers.observe([Entry("customer:1", Kind.RECEIPT, b""), customer_entry(1)])
    assert await receivers.preferences([1, 2]) == {1: RUSSIAN, 2: DEFAULT}
    assert rows.asked == [[1, 2], [1]]


async def test_who_subscribes_is_the_same_customer(rows: Rows) -> None:
    receivers = Receivers()
    await receivers.preferences([1])
    receivers.observe([SubscriptionChange(1, "news", True).to_entry()])
    await receivers.preferences([1])
    assert rows.asked == [[1]]


async def test_after_changes_may_have_been_missed_all_are_asked_for_again(rows: Rows) -> None:
    receivers = Receivers()
    await receivers.preferences([1, 2])
    receivers.forget()
    await receivers.preferences([2])
    assert rows.asked == [[1, 2], [2]]


async def test_one_who_is_forgotten_while_another_is_asked_for_is_still_known_to_who_asks(rows: Rows) -> None:
    receivers = Receivers()
    await receivers.preferences([1])
    rows.answers.clear()
    asking = asyncio.create_task(receivers.preferences([1, 2]))
    await wait_for(rows)
    receivers.observe([customer_entry(1)])
    receivers.forget()
    rows.answers.set()
    assert await asking == {1: DEFAULT, 2: DEFAULT}


async def test_what_was_asked_before_a_change_is_not_remembered(rows: Rows) -> None:
    receivers = Receivers()
    rows.answers.clear()
    asking = asyncio.create_task(receivers.preferences([1]))
    await wait_for(rows)
    await rows.write(1, RUSSIAN)
    receivers.observe([customer_entry(1)])
    rows.answers.set()
    assert await asking == {1: DEFAULT}
    assert await receivers.preferences([1]) == {1: RUSSIAN}


async def test_those_who_come_while_a_query_runs_are_asked_for_together_and_anew(rows: Rows) -> None:
    receivers = Receivers()
    rows.answers.clear()
    first = asyncio.create_task(receivers.preferences([1, 2]))
    await wait_for(rows)
    await rows.write(2, RUSSIAN)
    later = [asyncio.create_task(receivers.preferences(each)) for each in ([2, 3], [4], [3, 5])]
    await asyncio.sleep(0)
    rows.answers.set()
    assert await first == {1: DEFAULT, 2: DEFAULT}
    assert await asyncio.gather(*later) == [{2: RUSSIAN, 3: DEFAULT}, {4: DEFAULT}, {3: DEFAULT, 5: DEFAULT}]
    assert rows.asked == [[1, 2], [2, 3, 4, 5]]


async def test_a_query_that_fails_fails_those_who_waited_for_it(rows: Rows) -> None:
    receivers = Receivers()
    rows.failure = OSError()
    outcomes = await asyncio.gather(*(receivers.preferences([each]) for each in (1, 2)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [OSError, OSError]
    rows.failure = None
    assert await receivers.preferences([1, 2]) == {1: DEFAULT, 2: DEFAULT}


async def test_memory_is_bounded(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers_module, "CUSTOMERS_MAX", 10)
    receivers = Receivers()
    for number in range(20):
        found = await receivers.preferences(range(number, number + 8))
        assert set(found) == set(range(number, number + 8))
        assert len(receivers._preferences) <= 10


async def wait_for(rows: Rows) -> None:
    rows.asking.clear()
    async with asyncio.timeout(10):
        await rows.asking.wait()
