"""The tail, on a real Redis: a web process's reader of the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.carry import log as log_module
from app.carry import tail as tail_module
from app.carry.log import LOG, Log
from app.carry.packing import pack
from app.carry.tail import Tail
from app.entry import Entry
from app.errors import LogUnavailable
from app.run.embedded import EmbeddedRedis
from tests.support.logs import Rows, entry, eventually, open_log
from tests.support.tasks import PATIENCE_SECONDS, end, until


class Process:
    """A web process that keeps what its tail tells it, in order."""

    def __init__(self, log: Log, preload: int = 1000) -> None:
        self.log = log
        self.told: list[tuple[Any, ...]] = []
        self.while_delivering: Callable[[], None] = lambda: None
        self.refusals = 0
        self.tail = Tail(log, preload, self._begin, self._deliver, self._lost, self._resumed, self._missed)

    async def _begin(self, entries: Sequence[Entry]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise LogUnavailable("the database is away")
        self.told.append(("begin", *(each.uid for each in entries)))

    def _deliver(self, entries: Sequence[Entry]) -> None:
        self.told.append(("deliver", *(each.uid for each in entries)))
        self.while_delivering()

    def _lost(self) -> None:
        self.told.append(("lost",))

    async def _resumed(self) -> None:
        await asyncio.sleep(0)
        self.told.append(("resumed",))

    def _missed(self, position: int, next_position: int) -> None:
        self.told.append(("missed", position, next_position))

    @property
    def read(self) -> list[str]:
        """The uids of all entries that it was given."""
        return [uid for kind, *uids in self.told if kind in {"begin", "deliver"} for uid in uids]

    @property
    def gaps(self) -> list[tuple[Any, ...]]:
        return [each for each in self.told if each[0] == "missed"]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.tail.run())
        try:
            await until(lambda: self.tail.started or task.done(), 0.001)
            yield task
        finally:
            await end(task)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "RECONNECT_MAX_SECONDS", 0.05)
    monkeypatch.setattr(log_module, "AWAY_SECONDS", 0.0)


@pytest.fixture
async def log(url: str) -> AsyncIterator[Log]:
    async with open_log(url) as opened:
        yield opened


def uids(first: int, last: int) -> list[str]:
    return [f"u{number}" for number in range(first, last + 1)]


async def test_it_begins_with_the_newest_and_goes_on_with_what_comes(log: Log) -> None:
    await log.append([entry(uid) for uid in uids(1, 10)])
    process = Process(log, preload=3)
    async with process.running():
        assert process.told == [("begin", "u8", "u9", "u10")]
        assert process.tail.connected
        await log.append([entry("u11")])
        await log.append([entry("u12")])
        await until(lambda: "u12" in process.read, 0.001)
    assert process.read == uids(8, 12)
    assert process.gaps == []


async def test_an_empty_log_is_a_beginning_too(log: Log) -> None:
    process = Process(log)
    async with process.running():
        assert process.told == [("begin",)]
        await log.append([entry("u1")])
        await until(lambda: process.read, 0.001)
    assert process.told == [("begin",), ("deliver", "u1")]


async def test_what_gathered_comes_in_one_batch_of_bounded_size(
    log: Log, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_module, "READ_COUNT", 10)
    process = Process(log)
    await log.append([entry("u0")])
    async with process.running():
        await log.append([entry(uid) for uid in uids(1, 25)])
        await until(lambda: "u25" in process.read, 0.001)
    assert process.read == ["u0", *uids(1, 25)]
    assert [len(told) - 1 for told in process.told[1:]] == [10, 10, 5]
    assert process.gaps == []


async def test_a_log_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    url = server.start()
    server.stop()
    async with open_log(url) as log:
        process = Process(log)
        task = asyncio.create_task(process.tail.run())
        try:
            await asyncio.sleep(0.01)
            assert not process.tail.started
            assert not process.tail.connected
            server.start()
            await until(lambda: process.tail.started, 0.001)
            assert process.told == [("begin",)]
        finally:
            await end(task)
            server.stop()


async def test_a_database_that_is_away_at_the_start_is_waited_for(log: Log) -> None:
    await log.append([entry("u1")])
    process = Process(log)
    process.refusals = 2
    async with process.running():
        assert process.told == [("begin", "u1")]


async def test_it_goes_on_where_it_was_when_redis_comes_back(tmp_path: Path) -> None:
    rows = Rows()
    server = EmbeddedRedis(tmp_path)
    async with open_log(server.start(), rows) as log:
        process = Process(log)
        try:
            await rows.carry(log, entry("u1"))
            async with process.running():
                await rows.carry(log, entry("u2"))
                await until(lambda: "u2" in process.read, 0.001)
                server.stop()
                await until(lambda: not process.tail.connected, 0.001)
                server.start()
                await eventually(lambda: rows.carry(log, entry("u3")))
                await until(lambda: "u3" in process.read, 0.001)
                assert process.tail.connected
        finally:
            server.stop()
    assert process.read == uids(1, 3)
    assert process.gaps == []
    # What was not carried meanwhile is looked up before anything new is delivered.
    assert process.told.index(("deliver", "u2")) < process.told.index(("lost",)) < process.told.index(("resumed",))
    assert process.told.index(("resumed",)) < process.told.index(("deliver", "u3"))


async def test_of_a_log_that_was_wiped_and_rebuilt_it_reads_nothing_twice(log: Log, url: str, redis: Redis) -> None:
    rows = Rows()
    async with open_log(url, rows) as sender:
        await rows.carry(sender, *(entry(uid) for uid in uids(1, 5)))
        process = Process(log)
        async with process.running():
            redis.flushall()
            await rows.carry(sender, entry("u6"))
            await until(lambda: "u6" in process.read, 0.001)
    assert process.read == uids(1, 6)
    assert process.gaps == []


def trim(redis: Redis, keep: int) -> None:
    redis.xtrim(LOG, maxlen=keep, approximate=False)


async def test_entries_that_were_trimmed_while_it_was_away_are_told_as_missed(log: Log, url: str, redis: Redis) -> None:
    (first,) = (await log.append([entry("u1")])).positions
    process = Process(log)
    async with process.running(), open_log(url) as sender:
        disconnect(redis)
        await until(lambda: not process.tail.connected, 0.001)
        given = (await sender.append([entry(uid) for uid in uids(2, 10)])).positions
        trim(redis, 3)
        await until(lambda: "u10" in process.read, 0.001)
    assert process.gaps == [("missed", first, given[-3])]
    assert process.read == ["u1", *uids(8, 10)]
    # Before the batch, so that nobody is led to believe that it follows on what they saw; and changes of subscriptions
    # may have been among what was missed.
    assert [kind for kind, *_ in process.told[-3:]] == ["missed", "resumed", "deliver"]


def disconnect(redis: Redis) -> None:
    """Cuts every connection but the test's own."""
    redis.client_kill_filter(skipme=True, _type="normal")


async def test_entries_that_were_trimmed_between_two_reads_of_a_tail_that_is_behind_are_told_as_missed(
    log: Log, url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_module, "READ_COUNT", 5)
    process = Process(log)
    await log.append([entry("u0")])
    process.while_delivering = lambda: trim(redis, 2)
    async with process.running(), open_log(url) as sender:
        given = (await sender.append([entry(uid) for uid in uids(1, 10)])).positions
        await until(lambda: "u10" in process.read, 0.001)
    assert process.read == ["u0", *uids(1, 5), "u9", "u10"]
    assert process.gaps == [("missed", given[4], given[8])]


async def test_entries_that_were_trimmed_while_the_process_stood_still_are_told_as_missed(
    log: Log, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_module, "READ_COUNT", 3)
    process = Process(log)
    await log.append([entry("u1")])

    def stand_still() -> None:
        """While the loop is blocked, others append, and the log is trimmed."""
        process.while_delivering = lambda: None
        for number in range(3, 11):
            redis.xadd(LOG, {"e": pack(entry(f"u{number}"))})
        trim(redis, 4)  # the log keeps more than one read

    process.while_delivering = stand_still
    async with process.running():
        await log.append([entry("u2")])
        await until(lambda: "u10" in process.read, 0.001)
    assert process.read == ["u1", "u2", *uids(7, 10)]
    assert len(process.gaps) == 1


async def test_a_log_that_is_trimmed_behind_it_has_lost_nothing(log: Log, redis: Redis) -> None:
    await log.append([entry(uid) for uid in uids(1, 10)])
    process = Process(log)
    async with process.running():
        await log.append([entry("u11")])
        await until(lambda: "u11" in process.read, 0.001)
        trim(redis, 1)
        await log.append([entry("u12")])
        await until(lambda: "u12" in process.read, 0.001)
    assert process.gaps == []


async def test_an_error_that_is_nobodys_absence_ends_it(log: Log) -> None:
    process = Process(log)

    def break_down() -> None:
        raise ZeroDivisionError

    process.while_delivering = break_down
    async with process.running() as task:
        await log.append([entry("u1")])
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        assert isinstance(task.exception(), ZeroDivisionError)


async def test_one_that_is_cancelled_before_it_began_leaves_nothing(log: Log, redis: Redis) -> None:
    task = asyncio.create_task(Process(log).tail.run())
    await end(task)
    assert task.cancelled()
