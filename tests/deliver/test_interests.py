"""Interests: what is known of customers' subscriptions, whatever changes while it is being looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.deliver import interests as interests_module
from app.deliver.interests import Interests, Topics
from tests.support.tasks import until


class Database:
    """Subscriptions that are looked up; `answer` lets a look-up that has begun see what there is and end."""

    def __init__(self, rows: dict[int, Topics] | None = None) -> None:
        self.rows = rows or {}
        self.queries: list[list[int]] = []
        self.failure: Exception | None = None
        self._waiting: list[asyncio.Future[None]] = []

    async def load(self, customer_ids: Sequence[int]) -> dict[int, Topics]:
        self.queries.append(list(customer_ids))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future
        if self.failure is not None:
            raise self.failure
        return {each: dict(self.rows[each]) for each in customer_ids if each in self.rows}

    async def begun(self, queries: int = 1) -> None:
        await until(lambda: len(self.queries) >= queries)

    def answer(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()


@pytest.fixture
def database() -> Database:
    return Database({1: {"a": 10}, 2: {"b": 20}})


@pytest.fixture
def interests(database: Database) -> Interests:
    return Interests(database.load)


async def opened(interests: Interests, database: Database, customer_id: int = 1) -> Topics:
    interests.hold(customer_id)
    task = asyncio.create_task(interests.of(customer_id))
    await database.begun(len(database.queries) + 1)
    database.answer()
    return await task


async def test_topics_are_looked_up_once_for_all_of_a_customers_connections(
    interests: Interests, database: Database
) -> None:
    for _ in range(3):
        interests.hold(1)
    tasks = [asyncio.create_task(interests.of(1)) for _ in range(3)]
    await database.begun()
    database.answer()
    assert await asyncio.gather(*tasks) == [{"a": 10}] * 3
    assert await interests.of(1) == {"a": 10}
    assert database.queries == [[1]]


async def test_who_has_no_subscriptions_is_known_to_have_none(interests: Interests, database: Database) -> None:
    assert await opened(interests, database, 9) == {}
    assert await interests.of(9) == {}
    assert database.queries == [[9]]


async def test_who_comes_back_is_still_known_and_kept_up_to_date(interests: Interests, database: Database) -> None:
    await opened(interests, database)
    interests.release(1)
    interests.change(1, "new", 30)
    interests.hold(1)
    assert await interests.of(1) == {"a": 10, "new": 30}
    assert database.queries == [[1]]


async def test_of_those_who_left_the_last_are_remembered(
    interests: Interests, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interests_module, "LEFT_MAX", 2)
    for customer_id in (1, 2, 3, 1):
        if customer_id in interests._known:
            interests.hold(customer_id)
        else:
            await opened(interests, database, customer_id)
        interests.release(customer_id)
    await opened(interests, database, 4)
    interests.release(4)
    assert list(interests._left) == [1, 4]
    assert set(interests._known) == {1, 4}


async def test_while_changes_are_missed_only_those_with_connections_are_known(
    interests: Interests, database: Database
) -> None:
    await opened(interests, database, 1)
    await opened(interests, database, 2)
    interests.release(1)
    interests.lost()
    assert await interests.of(2) == {"b": 20}
    interests.release(2)
    database.rows = {1: {"a": 10, "missed": 11}, 2: {"b": 20, "missed": 12}}
    assert await opened(interests, database, 1) == {"a": 10, "missed": 11}
    assert await opened(interests, database, 2) == {"b": 20, "missed": 12}


async def test_changes_that_are_missed_again_during_a_reload_are_missed(
    interests: Interests, database: Database
) -> None:
    await opened(interests, database, 1)
    reload = asyncio.create_task(interests.reload())
    await database.begun(2)
    interests.lost()
    database.answer()
    await reload
    interests.release(1)
    database.rows[1] = {"a": 10, "missed": 11}
    assert await opened(interests, database, 1) == {"a": 10, "missed": 11}


async def test_those_who_come_during_a_look_up_are_looked_up_together(interests: Interests, database: Database) -> None:
    tasks = []
    for customer_id in (1, 2, 3, 4):
        interests.hold(customer_id)
        tasks.append(asyncio.create_task(interests.of(customer_id)))
        await database.begun()
    database.answer()
    await database.begun(2)
    database.answer()
    assert await asyncio.gather(*tasks) == [{"a": 10}, {"b": 20}, {}, {}]
    assert database.queries == [[1], [2, 3, 4]]


async def test_a_change_is_known_at_once(interests: Interests, database: Database) -> None:
    await opened(interests, database)
    interests.change(1, "b", 30)
    assert await interests.of(1) == {"a": 10, "b": 30}
    interests.change(1, "a", None)
    interests.change(1, "never", None)
    assert await interests.of(1) == {"b": 30}


async def test_a_change_of_somebody_who_is_not_here_takes_no_memory(interests: Interests) -> None:
    interests.change(7, "a", 30)
    assert (interests._known, interests._changes) == ({}, {})


@pytest.mark.parametrize("seen_by_the_query", [True, False])
async def test_a_subscription_made_during_the_look_up_is_known(
    interests: Interests, database: Database, seen_by_the_query: bool
) -> None:
    interests.hold(1)
    task = asyncio.create_task(interests.of(1))
    await database.begun()
    interests.change(1, "new", 30)
    if seen_by_the_query:
        database.rows[1]["new"] = 30
    database.answer()
    assert await task == {"a": 10, "new": 30}


@pytest.mark.parametrize("seen_by_the_query", [True, False])
async def test_a_subscription_ended_during_the_look_up_is_not(
    interests: Interests, database: Database, seen_by_the_query: bool
) -> None:
    interests.hold(1)
    task = asyncio.create_task(interests.of(1))
    await database.begun()
    interests.change(1, "a", None)
    if seen_by_the_query:
        del database.rows[1]["a"]
    database.answer()
    assert await task == {}


async def test_of_several_changes_during_the_look_up_the_last_holds(interests: Interests, database: Database) -> None:
    interests.hold(1)
    task = asyncio.create_task(interests.of(1))
    await database.begun()
    for position in (None, 30, None, 40):
        interests.change(1, "a", position)
    database.answer()
    assert await task == {"a": 40}
    assert interests._changes == {}


async def test_who_subscribes_a_second_time_keeps_the_first_ones_position(
    interests: Interests, database: Database
) -> None:
    """So that a page that comes back gets all since then."""
    assert await opened(interests, database) == {"a": 10}
    for topic, position in (("a", 99), ("new", 100), ("new", 101)):
        interests.change(1, topic, position)
    assert await interests.of(1) == {"a": 10, "new": 100}


async def test_who_leaves_during_the_look_up_leaves_nothing_behind(interests: Interests, database: Database) -> None:
    interests.hold(1)
    task = asyncio.create_task(interests.of(1))
    await database.begun()
    interests.change(1, "b", 30)
    task.cancel()
    await asyncio.wait([task])
    interests.release(1)
    (loading,) = interests._loading.values()
    database.answer()
    await loading
    assert (interests._known, interests._holders, interests._loading, interests._changes) == ({}, {}, {}, {})


async def test_one_who_leaves_does_not_end_the_look_up_for_the_others(interests: Interests, database: Database) -> None:
    interests.hold(1)
    interests.hold(1)
    leaving, staying = (asyncio.create_task(interests.of(1)) for _ in range(2))
    await database.begun()
    leaving.cancel()
    await asyncio.wait([leaving])
    interests.release(1)
    database.answer()
    assert await staying == {"a": 10}


async def test_who_comes_back_during_the_look_up_gets_its_result(interests: Interests, database: Database) -> None:
    interests.hold(1)
    first = asyncio.create_task(interests.of(1))
    await database.begun()
    first.cancel()
    await asyncio.wait([first])
    interests.release(1)
    interests.change(1, "b", 30)
    interests.hold(1)
    second = asyncio.create_task(interests.of(1))
    await asyncio.sleep(0)
    database.answer()
    assert await second == {"a": 10, "b": 30}
    assert database.queries == [[1]]


async def test_a_look_up_that_fails_is_told_to_all_that_wait_and_tried_again_by_the_next(
    interests: Interests, database: Database
) -> None:
    database.failure = OSError("away")
    interests.hold(1)
    tasks = [asyncio.create_task(interests.of(1)) for _ in range(2)]
    await database.begun()
    interests.change(1, "b", 30)
    database.answer()
    assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [OSError, OSError]
    assert (interests._loading, interests._changes) == ({}, {})
    database.failure = None
    assert await opened(interests, database) == {"a": 10}


async def test_reloading_replaces_what_is_known_of_all_that_are_here(interests: Interests, database: Database) -> None:
    await opened(interests, database, 1)
    await opened(interests, database, 2)
    database.rows = {1: {"c": 30}, 3: {"d": 40}}
    task = asyncio.create_task(interests.reload())
    await database.begun(3)
    database.answer()
    assert await task == {1: {"c": 30}, 2: {}}
    assert await interests.of(1) == {"c": 30}
    assert database.queries[2:] == [[1, 2]]


async def test_a_change_during_a_reload_is_not_lost(interests: Interests, database: Database) -> None:
    await opened(interests, database)
    task = asyncio.create_task(interests.reload())
    await database.begun(2)
    interests.change(1, "b", 30)
    assert await interests.of(1) == {"a": 10, "b": 30}
    database.answer()
    assert await task == {1: {"a": 10, "b": 30}}


async def test_who_leaves_during_a_reload_is_not_in_it(interests: Interests, database: Database) -> None:
    await opened(interests, database, 1)
    await opened(interests, database, 2)
    task = asyncio.create_task(interests.reload())
    await database.begun(3)
    interests.release(1)
    database.answer()
    assert await task == {2: {"b": 20}}
    assert list(interests._known) == [2]


async def test_many_are_reloaded_some_at_a_time(
    interests: Interests, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interests_module, "LOAD_MAX", 2)
    for customer_id in range(5):
        await opened(interests, database, customer_id)
    task = asyncio.create_task(interests.reload())
    while not task.done():
        await asyncio.sleep(0)
        database.answer()
    assert [len(query) for query in database.queries[5:]] == [2, 2, 1]
    assert list(await task) == [0, 1, 2, 3, 4]


async def test_with_nobody_here_nothing_is_asked(interests: Interests, database: Database) -> None:
    assert await interests.reload() == {}
    assert database.queries == []


async def test_a_look_up_that_began_before_a_reload_is_made_anew(interests: Interests, database: Database) -> None:
    first, seen = asyncio.Event(), dict(database.rows[1])

    async def load(customer_ids: Sequence[int]) -> dict[int, Topics]:
        if not first.is_set():  # its query was before the change, its answer comes after it
            await first.wait()
            return {1: seen}
        return {1: dict(database.rows[1])}

    interests._load = load
    interests.hold(1)
    opening = asyncio.create_task(interests.of(1))
    await asyncio.sleep(0)
    database.rows[1] = {"a": 10, "missed": 30}  # a change that the log could not carry
    reloading = asyncio.create_task(interests.reload())
    await asyncio.sleep(0)
    first.set()
    await asyncio.gather(opening, reloading)
    assert await interests.of(1) == {"a": 10, "missed": 30}
