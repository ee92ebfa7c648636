"""The relay, on a real Redis: carries what is stuck or due, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from app.carry import relay as relay_module
from app.carry.log import RELAY, Log
from app.carry.relay import Relay
from app.deliver.frame import notification_entry
from app.entry import Carried
from app.errors import LogUnavailable
from app.notification import Notification
from tests.support.logs import Rows, open_log
from tests.support.notifications import notification
from tests.support.tasks import PATIENCE_SECONDS, end, until

GRACE_SECONDS = 2.0
LEASE_SECONDS = 60.0
NOTIFICATION = notification()


def waiting(count: int) -> list[Notification]:
    return [replace(NOTIFICATION, uid=f"u{number:05}") for number in range(count)]


class Outbox:
    """Rows without a position, and those that have got one."""

    def __init__(self, log: Log, rows: Sequence[Notification] = ()) -> None:
        self._log = log
        self.rows = list(rows)
        self.recorded: dict[str, int] = {}
        self.asked: list[tuple[datetime, datetime, int]] = []
        self.carried: list[int] = []
        self.failures: list[Exception] = []

    async def due(self, now: datetime, accepted_before: datetime, limit: int) -> Sequence[Notification]:
        self.asked.append((now, accepted_before, limit))
        if self.failures:
            raise self.failures.pop(0)
        return [row for row in self.rows if row.uid not in self.recorded][:limit]

    async def carry(self, rows: Sequence[Notification]) -> Carried:
        self.carried.append(len(rows))
        return await self._log.append([notification_entry(row) for row in rows])

    async def record(self, rows: Sequence[Notification], carried: Carried) -> None:
        self.recorded |= dict(zip([row.uid for row in rows], carried.positions, strict=True))

    def relay(self, interval_seconds: float = 0.001, lease_seconds: float = LEASE_SECONDS) -> Relay:
        return Relay(
            self._log,
            self.due,
            self.carry,
            self.record,
            interval_seconds=interval_seconds,
            lease_seconds=lease_seconds,
            grace_seconds=GRACE_SECONDS,
        )


@pytest.fixture
async def log(url: str) -> AsyncIterator[Log]:
    async with open_log(url) as opened:
        yield opened


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(relay.run())
    try:
        yield task
    finally:
        await end(task)
        await relay.close()


async def test_what_is_stuck_is_carried_in_its_order_and_recorded(log: Log) -> None:
    outbox = Outbox(log, waiting(5))
    async with running(outbox.relay()):
        await until(lambda: len(outbox.recorded) == 5, 0.001)
    entries = await log.newest(10)
    assert [each.uid for each in entries] == [row.uid for row in outbox.rows]
    assert [each.position for each in entries] == [outbox.recorded[row.uid] for row in outbox.rows]


async def test_what_was_carried_before_a_crash_is_recorded_where_it_is(log: Log) -> None:
    outbox = Outbox(log, waiting(1))
    carried = await outbox.carry(outbox.rows)  # and then the process died
    async with running(outbox.relay()):
        await until(lambda: outbox.recorded, 0.001)
    assert list(outbox.recorded.values()) == carried.positions
    assert len(await log.newest(10)) == 1


async def test_young_rows_are_left_to_the_process_that_accepted_them(log: Log) -> None:
    outbox = Outbox(log)
    before = datetime.now(UTC)
    async with running(outbox.relay()):
        await until(lambda: outbox.asked, 0.001)
    now, accepted_before, limit = outbox.asked[0]
    assert before <= now <= datetime.now(UTC)
    assert now - accepted_before == timedelta(seconds=GRACE_SECONDS)
    assert limit == relay_module.SWEEP_MAX


async def test_many_are_carried_some_at_a_time_without_waiting_in_between(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "SWEEP_MAX", 10)
    outbox = Outbox(log, waiting(35))
    async with running(outbox.relay(interval_seconds=60)):
        await until(lambda: len(outbox.recorded) == 35, 0.001)
    assert outbox.carried == [10, 10, 10, 5]


async def test_with_nothing_due_it_looks_once_an_interval_and_carries_nothing(log: Log) -> None:
    outbox = Outbox(log)
    async with running(outbox.relay()):
        await until(lambda: len(outbox.asked) > 3, 0.001)
    assert outbox.carried == []


async def test_of_two_one_is_active_and_the_other_looks_for_what_that_one_is_late_with(log: Log, url: str) -> None:
    async with open_log(url) as other_log:
        one, other = Outbox(log), Outbox(other_log)
        first, second = one.relay(), other.relay()
        async with running(first):
            await until(lambda: one.asked, 0.001)
            async with running(second):
                before = datetime.now(UTC)
                await until(lambda: len(other.asked) > 3, 0.001)
                after = datetime.now(UTC)
                assert (first.active, second.active) == (True, False)
    late = timedelta(seconds=relay_module.STANDBY_SECONDS)
    for now, accepted_before, _ in other.asked[:4]:
        assert before - late <= now <= after - late, "what is due belongs to the active one for so long"
        # What is stuck can wait: its sender was told 202, or has been killed with it.
        assert now - accepted_before == timedelta(seconds=GRACE_SECONDS + LEASE_SECONDS)


async def test_who_must_know_that_all_is_carried_need_not_wait_for_it_to_be_the_relays(log: Log) -> None:
    outbox = Outbox(log, waiting(3))
    carried = await outbox.carry(outbox.rows[:2])  # by one that died before it recorded them
    before = datetime.now(UTC)
    await outbox.relay().carry_older_than(0.5)
    assert [outbox.recorded[each.uid] for each in outbox.rows[:2]] == carried.positions
    assert outbox.recorded.keys() == {each.uid for each in outbox.rows}
    ((now, accepted_before, _),) = outbox.asked
    late = timedelta(seconds=relay_module.STANDBY_SECONDS)
    assert now <= datetime.now(UTC) - late, "what is due belongs to the active one for so long"
    assert before - timedelta(seconds=0.5) <= accepted_before <= datetime.now(UTC) - timedelta(seconds=0.5)


async def test_what_the_active_one_is_late_with_another_carries_before_the_lease_has_ended(
    log: Log, redis: Redis
) -> None:
    redis.set(RELAY, "one that was killed")
    outbox = Outbox(log, waiting(2))
    relay = outbox.relay()
    async with running(relay):
        await until(lambda: len(outbox.recorded) == 2, 0.001)
        assert not relay.active
    assert redis.get(RELAY) == b"one that was killed"


async def test_when_one_closes_another_takes_over_at_once(log: Log, url: str) -> None:
    async with open_log(url) as other_log:
        one, other = Outbox(log), Outbox(other_log, waiting(1))
        second = other.relay()
        async with running(second):
            async with running(one.relay()):
                await until(lambda: one.asked or other.asked, 0.001)
            await until(lambda: other.recorded and second.active, 0.001)


async def test_one_whose_lease_has_ended_goes_on_as_the_one_that_stands_by(
    log: Log, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "SWEEP_MAX", 10)
    outbox = Outbox(log, waiting(15))

    async def lose_the_lease(rows: Sequence[Notification]) -> Carried:
        redis.set(RELAY, "another")
        return await outbox.carry(rows)

    relay = Relay(
        log,
        outbox.due,
        lose_the_lease,
        outbox.record,
        interval_seconds=60,
        lease_seconds=LEASE_SECONDS,
        grace_seconds=GRACE_SECONDS,
    )
    async with running(relay):
        await until(lambda: len(outbox.recorded) == 15, 0.001)
        assert not relay.active
    graces = [now - accepted_before for now, accepted_before, _ in outbox.asked]
    assert graces == [timedelta(seconds=GRACE_SECONDS), timedelta(seconds=GRACE_SECONDS + LEASE_SECONDS)]


async def test_a_wiped_log_is_rebuilt_before_anything_is_carried(url: str, redis: Redis) -> None:
    rows = Rows()
    stuck = waiting(2)
    async with open_log(url, rows) as log:
        (before,) = await rows.carry(log, notification_entry(stuck[0]))
    redis.flushall()
    async with open_log(url, rows) as log:
        outbox = Outbox(log, stuck[1:])
        async with running(outbox.relay()):
            await until(lambda: outbox.recorded, 0.001)
        assert [each.uid for each in await log.newest(10)] == [row.uid for row in stuck]
        assert (await log.newest(10))[0].position == before


async def test_a_log_that_was_lost_is_rebuilt_though_nothing_is_due(url: str, redis: Redis) -> None:
    rows = Rows()
    async with open_log(url, rows) as log:
        await rows.carry(log, notification_entry(NOTIFICATION))
    redis.flushall()
    async with open_log(url, rows) as log, running(Outbox(log).relay()):
        await until(lambda: len(rows.runs) == 2, 0.001)
        await until(lambda: redis.exists("{getnotified}:log"), 0.001)


@pytest.mark.parametrize("failure", [LogUnavailable("Redis is away"), OSError("the database is away"), TimeoutError()])
async def test_what_is_away_is_waited_for(log: Log, failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(log, waiting(1))
    outbox.failures = [failure] * 3
    async with running(outbox.relay()):
        await until(lambda: outbox.recorded, 0.001)
    told = [record for record in caplog.records if getattr(record, "action", "") == "relay_waits"]
    assert len(told) == 1, "it is told once, not at every look"


async def test_an_error_that_is_nobodys_absence_ends_it(log: Log) -> None:
    outbox = Outbox(log)
    outbox.failures = [ZeroDivisionError()]
    async with running(outbox.relay()) as task:
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        assert isinstance(task.exception(), ZeroDivisionError)


async def test_closing_gives_the_lease_back_only_if_it_is_ours(log: Log, redis: Redis) -> None:
    relay = Outbox(log).relay()
    redis.set(RELAY, "another")
    await relay.close()
    assert redis.get(RELAY) == b"another"
    redis.delete(RELAY)
    async with running(relay):
        await until(lambda: relay.active, 0.001)
        assert redis.exists(RELAY)
    assert not redis.exists(RELAY)


async def test_closing_without_redis_does_no_harm(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_log(f"unix://{tmp_path_factory.mktemp('none')}/nothing.sock") as log:
        await Outbox(log).relay().close()
