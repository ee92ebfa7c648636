"""The log, on a real Redis: one order, each uid once, and nothing appended to a log that has lost entries."""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app import position as positions
from app.carry import log as log_module
from app.carry.log import CARRIED, CARRIED_BEFORE, COMPLETE, LOG, RELAY, Log
from app.entry import Entry, Kind
from app.errors import LogUnavailable
from app.run.embedded import EmbeddedRedis
from tests.support.logs import Rows, entry, eventually, open_log
from tests.support.tasks import turns, until

EVERYTHING = 1 << 20
TURNS_OF_A_COMMAND = 50  # of the loop, and more: with those of a new connection


def in_redis(redis: Redis) -> list[str]:
    """The ids in the stream, as Redis writes them."""
    found: Any = redis.xrange(LOG)
    return [redis_id.decode() for redis_id, _ in found]


async def contents(log: Log) -> list[Entry]:
    return await log.newest(EVERYTHING)


class TestAppend:
    async def test_positions_rise_and_are_redis_own(self, url: str, redis: Redis) -> None:
        async with open_log(url) as log:
            carried = await log.append([entry(f"u{number}") for number in range(5)])
            more = await log.append([entry("u5"), entry("u6")])
        given = carried.positions + more.positions
        assert given == sorted(set(given))
        assert [positions.show(each) for each in given] == in_redis(redis)

    async def test_the_run_in_which_they_hold_is_told(self, url: str, redis: Redis) -> None:
        async with open_log(url) as log:
            carried = await log.append([entry("u")])
        assert carried.run.startswith(redis.info("server")["run_id"])

    async def test_what_was_appended_is_read_as_it_was(self, url: str) -> None:
        full = Entry(
            "topic:a", Kind.NOTIFICATION, b"event: x\ndata: {}\n\n\xff\n", "u1", 1234567890123, "k\n\u00e9\u2028"
        )
        bare = Entry("customer:0", Kind.RECEIPT, b"")
        async with open_log(url) as log:
            carried = await log.append([full, bare])
            expected = [
                each._replace(position=position) for each, position in zip([full, bare], carried.positions, strict=True)
            ]
            assert await contents(log) == expected
            assert await log.after(0, 10) == expected

    async def test_from_whom_it_is_withheld_and_what_it_takes_back_is_read_as_it_was(self, url: str) -> None:
        withheld = Entry("topic:a", Kind.NOTIFICATION, b"data: x\n\n", "u1", withheld=(0, 42, 2**63 - 1))
        retracts = Entry("topic:a", Kind.RETRACT, b"data: y\n\n", "u2", retracts="u1")
        async with open_log(url) as log:
            carried = await log.append([withheld, retracts])
            assert await contents(log) == [
                withheld._replace(position=carried.positions[0]),
                retracts._replace(position=carried.positions[1]),
            ]

    async def test_what_a_later_release_has_appended_is_read_as_far_as_it_is_understood(
        self, url: str, redis: Redis
    ) -> None:
        """While it is deployed, both run: it may say more of an entry, and tell what is not known here."""
        redis.xadd(LOG, {"e": b'["topic:a","notification","u1",0,"",[],"",{"more":1}]\ndata: x\n\n'}, id="5-0")
        redis.xadd(LOG, {"e": b'["topic:a","celebration","u2",0,""]\ndata: y\n\n'}, id="6-0")
        async with open_log(url) as log:
            known, unknown = await contents(log)
        assert known == Entry("topic:a", Kind.NOTIFICATION, b"data: x\n\n", "u1", position=positions.from_ms(5))
        assert (unknown.kind, unknown.position) == (Kind.UNKNOWN, positions.from_ms(6))

    async def test_what_an_earlier_release_has_appended_is_read(self, url: str, redis: Redis) -> None:
        """It knew nobody from whom anything was withheld, and took nothing back."""
        redis.xadd(LOG, {"e": b'["topic:a","notification","u1",7,"k"]\ndata: x\n\n'}, id="5-0")
        async with open_log(url) as log:
            (read,) = await contents(log)
        assert read == Entry("topic:a", Kind.NOTIFICATION, b"data: x\n\n", "u1", 7, "k", (), "", positions.from_ms(5))

    async def test_two_processes_agree_on_one_order(self, url: str) -> None:
        async with open_log(url) as one, open_log(url) as other:
            batches = await asyncio.gather(
                *(
                    log.append([entry(f"{name}{number}")])
                    for number in range(50)
                    for name, log in (("a", one), ("b", other))
                )
            )
            assert [each.uid for each in await contents(one)] == [each.uid for each in await contents(other)]
            assert len({position for batch in batches for position in batch.positions}) == 100

    async def test_redis_keeps_about_as_many_as_it_is_told_to(self, url: str) -> None:
        async with open_log(url, max_entries=100) as log:
            for _ in range(10):
                newest = await log.append([entry() for _ in range(100)])
            kept = await contents(log)
            assert 100 <= len(kept) <= 300
            assert kept[-1].position == newest.positions[-1]
            assert await log.oldest() == kept[0].position


class TestOnce:
    async def test_a_uid_that_was_carried_keeps_its_position(self, url: str) -> None:
        async with open_log(url) as log:
            first = await log.append([entry("a"), entry("b")])
            again = await log.append([entry("b"), entry("c"), entry("a")])
            assert again.positions[0] == first.positions[1]
            assert again.positions[2] == first.positions[0]
            assert [each.uid for each in await contents(log)] == ["a", "b", "c"]

    async def test_whoever_tries_it_at_the_same_time(self, url: str) -> None:
        async with open_log(url) as web, open_log(url) as relay:
            carried = await asyncio.gather(*(log.append([entry("a")]) for log in [web, relay] * 5))
            assert len({tuple(each.positions) for each in carried}) == 1
            assert len(await contents(web)) == 1

    async def test_twice_in_one_batch_too(self, url: str) -> None:
        async with open_log(url) as log:
            carried = await log.append([entry("a"), entry("a")])
            assert len(set(carried.positions)) == 1
            assert len(await contents(log)) == 1

    async def test_what_has_no_uid_is_carried_each_time(self, url: str) -> None:
        async with open_log(url) as log:
            await log.append([entry(kind=Kind.RECEIPT), entry(kind=Kind.RECEIPT)])
            assert len(await contents(log)) == 2

    async def test_also_after_the_memory_of_uids_was_renewed(
        self, url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_module, "CARRIED_MAX", 10)
        async with open_log(url) as log:
            first = await log.append([entry("a")])
            await log.append([entry(f"u{number}") for number in range(10)])  # the eleventh renews it
            assert redis.hlen(CARRIED) == 0
            assert redis.hlen(CARRIED_BEFORE) == 11
            assert await log.append([entry("a")]) == first

    async def test_memory_of_uids_is_bounded(self, url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_module, "CARRIED_MAX", 10)
        async with open_log(url) as log:
            for number in range(50):
                await log.append([entry(f"u{number}")])
                remembered = redis.hlen(CARRIED), redis.hlen(CARRIED_BEFORE)
                assert isinstance(remembered[0], int)
                assert isinstance(remembered[1], int)
                assert min(number + 1, 10) <= sum(remembered) <= 21


def retraction(uid: str, retracts: str) -> Entry:
    return entry(uid, kind=Kind.RETRACT)._replace(retracts=retracts)


class TestTakenBack:
    async def test_what_was_taken_back_before_it_was_carried_is_not_carried_any_more(self, url: str) -> None:
        async with open_log(url) as web, open_log(url) as relay:
            (taken_back,) = (await web.append([retraction("r", "a")])).positions
            late = await relay.append([entry("a"), entry("b"), entry("a")])
            assert [each.uid for each in await contents(web)] == ["r", "b"]
            # Whoever was about to carry it is told of a position all the same: that of what took it back.
            assert (late.positions[0], late.positions[2]) == (taken_back, taken_back)

    async def test_in_one_batch_what_comes_first_counts(self, url: str) -> None:
        async with open_log(url) as log:
            await log.append([entry("a"), retraction("ra", "a"), retraction("rb", "b"), entry("b")])
            assert [each.uid for each in await contents(log)] == ["a", "ra", "rb"]

    async def test_what_was_carried_before_keeps_its_position(self, url: str) -> None:
        async with open_log(url) as log:
            first = await log.append([entry("a")])
            await log.append([retraction("r", "a")])
            assert await log.append([entry("a")]) == first

    async def test_it_is_taken_back_once_whoever_tries_it(self, url: str) -> None:
        async with open_log(url) as log:
            first = await log.append([retraction("r", "a")])
            assert await log.append([retraction("r", "a")]) == first
            assert len(await contents(log)) == 1

    async def test_also_after_the_memory_of_uids_was_renewed(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_module, "CARRIED_MAX", 10)
        async with open_log(url) as log:
            await log.append([retraction("r", "a")])
            await log.append([entry(f"u{number}") for number in range(10)])
            await log.append([entry("a")])
            assert "a" not in [each.uid for each in await contents(log)]

    async def test_whoever_carries_it_and_whoever_takes_it_back_at_the_same_time(self, url: str) -> None:
        """It was seen and taken back, or it was not seen: never seen after it was taken back."""
        async with open_log(url) as web, open_log(url) as relay:
            for number in range(20):
                carry = relay.append([entry(f"a{number}")])
                take_back = web.append([retraction(f"r{number}", f"a{number}")])
                await asyncio.gather(*([carry, take_back] if number % 2 else [take_back, carry]))
            order = [each.uid for each in await contents(web)]
            for number in range(20):
                if f"a{number}" in order:
                    assert order.index(f"a{number}") < order.index(f"r{number}")


class TestSequence:
    @pytest.mark.parametrize("sequence", [0, 524_287, 524_288, 524_289, 1_000_000])
    async def test_it_stays_in_its_bits_when_redis_clock_is_behind(self, url: str, redis: Redis, sequence: int) -> None:
        ahead = 4_000_000_000_000
        async with open_log(url) as log:
            await log.verify()
            redis.xadd(LOG, {"e": b'["customer:1","receipt","",0,""]\n'}, id=f"{ahead}-{sequence}")
            given = [position for _ in range(3) for position in (await log.append([entry()] * 100)).positions]
            assert given == sorted(set(given))
            assert [positions.show(each) for each in given] == in_redis(redis)[1:]
            # When half of the bits are used up, the next batch begins a new millisecond.
            assert positions.to_ms(given[-1]) == ahead + (sequence > 0)

    async def test_a_tail_reads_over_the_place_where_it_moves_on(self, url: str, redis: Redis) -> None:
        async with open_log(url) as log:
            await log.verify()
            redis.xadd(LOG, {"e": b'["customer:1","receipt","",0,""]\n'}, id="4000000000000-524287")
            given = [position for _ in range(3) for position in (await log.append([entry(), entry()])).positions]
            assert positions.show(given[-1]) == "4000000000001-4"
            read = [each.position for each in await log.after(given[0], 10)]
            assert read == given[1:]


class TestRead:
    async def test_the_newest_come_in_order(self, url: str) -> None:
        async with open_log(url) as log:
            given = (await log.append([entry() for _ in range(10)])).positions
            assert [each.position for each in await log.newest(3)] == given[-3:]
            assert await log.oldest() == given[0]

    async def test_an_empty_log_has_nothing(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_module, "TAIL_BLOCK_SECONDS", 0.001)
        async with open_log(url) as log:
            assert (await log.newest(5), await log.oldest(), await log.after(0, 5)) == ([], 0, [])

    async def test_what_comes_after_a_position_comes_in_order_and_so_many(self, url: str) -> None:
        async with open_log(url) as log:
            given = (await log.append([entry() for _ in range(10)])).positions
            assert [each.position for each in await log.after(given[3], 4)] == given[4:8]
            assert [each.position for each in await log.after(given[3] - 1, 1)] == [given[3]]

    async def test_an_entry_is_waited_for_and_the_waiting_holds_up_no_append(self, url: str) -> None:
        async with open_log(url) as log:
            await log.verify()
            waiting = asyncio.create_task(log.after(0, 10))
            await asyncio.sleep(0)
            carried = await log.append([entry("a")])
            assert [each.position for each in await waiting] == carried.positions

    async def test_its_clock_is_redis(self, url: str, redis: Redis) -> None:
        seconds, _ = redis.time()
        async with open_log(url) as log:
            assert seconds * 1000 <= await log.now_ms() < (seconds + 60) * 1000

    async def test_a_reader_that_waits_holds_nobody_up(self, url: str) -> None:
        """A blocking XREAD holds up all that comes after it on its connection."""
        async with open_log(url) as log:
            (last,) = (await log.append([entry("u1")])).positions
            reading = asyncio.create_task(log.after(last, 10))
            await turns(20)
            assert [each.uid for each in await log.newest(1)] == ["u1"]
            await log.now_ms()
            assert not reading.done()
            await log.append([entry("u2")])
            assert [each.uid for each in await reading] == ["u2"]


class TestWiped:
    async def test_a_wiped_log_is_rebuilt_at_the_same_positions_before_anything_is_appended(
        self, url: str, redis: Redis
    ) -> None:
        rows = Rows()
        async with open_log(url, rows) as log:
            given = await rows.carry(log, *(entry(f"u{number}") for number in range(5)))
            before = await contents(log)
            redis.flushall()
            (position,) = await rows.carry(log, entry("new"))
            assert position > given[-1]
            after = await contents(log)
            assert after[:-1] == before
            assert after[-1].uid == "new"

    async def test_what_was_put_back_is_not_carried_again(self, url: str, redis: Redis) -> None:
        rows = Rows()
        async with open_log(url, rows) as log:
            given = await rows.carry(log, entry("a"), entry("b"))
            redis.flushall()
            assert (await log.append([entry("b"), entry("a")])).positions == given[::-1]
            assert len(await contents(log)) == 2

    async def test_what_was_never_recorded_gets_a_new_position_above_all_others(self, url: str, redis: Redis) -> None:
        rows = Rows()
        async with open_log(url, rows) as log:
            (kept,) = await rows.carry(log, entry("kept"))
            lost = await log.append([entry("lost")])
            redis.flushall()
            again = await log.append([entry("lost")])
            assert again.positions[0] > lost.positions[0] > kept
            assert [each.uid for each in await contents(log)] == ["kept", "lost"]

    async def test_also_when_redis_clock_is_behind(self, url: str, redis: Redis) -> None:
        """Positions that are ahead of it rise by one: those that are not in the database would be given again."""
        rows = Rows()
        async with open_log(url, rows) as log:
            await log.verify()
            ahead_ms = int(time.time() * 1000) + 3_600_000
            redis.xadd(LOG, {"e": b'["customer:1","receipt","",0,""]\n'}, id=f"{ahead_ms}-0")
            await rows.carry(log, entry("kept"))
            seen = (await log.append([entry("lost"), *[entry(kind=Kind.RECEIPT)] * 5])).positions
            redis.flushall()
            (position,) = (await log.append([entry("lost")])).positions
            assert position > seen[-1]

    async def test_a_process_that_starts_then_repairs_it_without_a_sender(self, url: str, redis: Redis) -> None:
        rows = Rows()
        async with open_log(url, rows) as log:
            await rows.carry(log, entry("a"), entry("b"))
            before = await contents(log)
        redis.flushall()
        async with open_log(url, rows) as log:
            await log.verify()
            assert await contents(log) == before

    async def test_of_all_that_come_at_once_one_repairs_it(self, url: str, redis: Redis) -> None:
        rows = Rows()
        async with open_log(url, rows) as log:
            await rows.carry(log, entry("a"))
        redis.flushall()
        rows.runs.clear()
        async with open_log(url, rows) as one, open_log(url, rows) as other:
            await asyncio.gather(*(log.append([entry(f"u{number}")]) for number, log in enumerate([one, other] * 5)))
            assert len(rows.runs) == 1
            uids = [each.uid for each in await contents(one)]
            assert uids[0] == "a"
            assert sorted(uids[1:]) == sorted(f"u{number}" for number in range(10))

    async def test_only_the_newest_of_a_long_history_are_put_back(
        self, url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_module, "REPAIR_MAX", 7)
        monkeypatch.setattr(log_module, "REPAIR_BATCH", 3)
        rows = Rows()
        async with open_log(url, rows) as log:
            given = await rows.carry(log, *(entry(f"u{number}") for number in range(20)))
            redis.flushall()
            await log.append([entry("new")])
            assert [each.position for each in await contents(log)][:-1] == given[-7:]

    async def test_nothing_is_appended_while_the_database_can_not_tell_what_was_lost(
        self, url: str, redis: Redis
    ) -> None:
        rows = Rows()
        async with open_log(url, rows) as log:
            await rows.carry(log, entry("a"))
            redis.flushall()
            rows.away = True
            for _ in range(2):
                with pytest.raises(LogUnavailable):
                    await log.append([entry("b")])
            assert in_redis(redis) == []
            rows.away = False
            await log.append([entry("b")])
            assert [each.uid for each in await contents(log)] == ["a", "b"]

    async def test_a_log_that_is_whole_is_not_compared_again(self, url: str) -> None:
        rows = Rows()
        async with open_log(url, rows) as log:
            for number in range(5):
                await rows.carry(log, entry(f"u{number}"))
                await log.verify()
        async with open_log(url, rows) as log:
            await rows.carry(log, entry("later"))
        assert len(rows.runs) == 1


class TestRestarted:
    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_module, "AWAY_SECONDS", 0.0)

    @pytest.fixture
    def data_dir(self, tmp_path: Path) -> Path:
        return tmp_path / "data"

    async def test_while_it_is_down_that_is_told_and_afterwards_it_goes_on(self, data_dir: Path) -> None:
        rows = Rows()
        server = EmbeddedRedis(data_dir)
        async with open_log(server.start(), rows) as log:
            try:
                given = await rows.carry(log, entry("a"))
                server.stop()
                for _ in range(2):
                    with pytest.raises(LogUnavailable, match=r"^Redis: "):
                        await log.append([entry("b")])
                for reading in (log.newest(1), log.after(0, 1), log.oldest(), log.now_ms(), log.verify()):
                    with pytest.raises(LogUnavailable):
                        await reading
                for leading in (log.lead(1000), log.is_led(), log.resign()):
                    with pytest.raises(LogUnavailable):
                        await leading
                server.start()
                given += await eventually(lambda: rows.carry(log, entry("b")))
                assert [each.position for each in await contents(log)] == given
                assert len(set(rows.runs)) == 2
            finally:
                server.stop()

    @pytest.mark.parametrize("other_has_noticed", [True, False])
    @pytest.mark.parametrize("idle", [True, False])
    async def test_one_that_lost_its_last_second_gets_it_back_before_anything_is_appended(
        self, data_dir: Path, tmp_path: Path, idle: bool, other_has_noticed: bool
    ) -> None:
        rows = Rows()
        server = EmbeddedRedis(data_dir)
        async with open_log(server.start(), rows) as log, open_log(server.url, rows) as other:
            try:
                given = await rows.carry(log, entry("a"), entry("b"))
                await other.verify()
                shutil.copytree(data_dir / "redis", tmp_path / "a second ago")
                given += await rows.carry(log, entry("c"), entry("d"))
                before = await contents(log)
                server.stop()
                shutil.rmtree(data_dir / "redis")
                shutil.copytree(tmp_path / "a second ago", data_dir / "redis")
                server.start()
                if other_has_noticed:
                    await eventually(other.now_ms)
                    await other.verify()
                    assert await contents(other) == before
                if idle:
                    await turns(
                        5
                    )  # the end of its connection is there to be seen, for who would connect anew in silence
                # This one has talked to the run before, and does not know that another one answers now.
                given += await eventually(lambda: rows.carry(log, entry("e")))
                after = await contents(log)
                assert after[:4] == before
                assert [each.uid for each in after] == ["a", "b", "c", "d", "e"]
                assert [each.position for each in after] == given == sorted(set(given))
                again = await eventually(lambda: other.append([entry("d")]))
                assert again.positions == [given[3]]
            finally:
                server.stop()

    async def test_one_that_comes_back_empty_gets_it_back(self, data_dir: Path) -> None:
        rows = Rows()
        server = EmbeddedRedis(data_dir)
        async with open_log(server.start(), rows) as log:
            try:
                await rows.carry(log, *(entry(f"u{number}") for number in range(10)))
                before = await contents(log)
                server.stop()
                shutil.rmtree(data_dir / "redis")
                server.start()
                await eventually(lambda: rows.carry(log, entry("new")))
                assert (await contents(log))[:-1] == before
            finally:
                server.stop()

    @pytest.mark.parametrize("idle", [True, False])
    async def test_the_first_sender_after_a_restart_is_not_put_off(self, data_dir: Path, idle: bool) -> None:
        rows = Rows()
        server = EmbeddedRedis(data_dir)
        async with open_log(server.start(), rows) as log:
            try:
                given = await rows.carry(log, entry("a"))
                server.stop()
                server.start()
                if idle:
                    await turns(5)
                given += await rows.carry(log, entry("b"))
                assert [each.position for each in await contents(log)] == given
            finally:
                server.stop()

    async def test_senders_do_not_queue_up_before_one_that_is_away_until_it_has_answered_somebody(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_module, "AWAY_SECONDS", 3600.0)
        server = EmbeddedRedis(data_dir)
        async with open_log(server.start()) as log:
            server.stop()
            with pytest.raises(LogUnavailable, match=r"^Redis: "):
                await log.append([entry("a")])
            try:
                server.start()
                with pytest.raises(LogUnavailable, match="away a moment ago"):
                    await log.append([entry("b")])
                assert await contents(log) == []  # who reads asks all the same
                await log.append([entry("c")])
            finally:
                server.stop()

    async def test_where_there_never_was_one_that_is_told(self, tmp_path: Path) -> None:
        async with open_log(f"unix://{tmp_path}/nothing.sock") as log:
            with pytest.raises(LogUnavailable):
                await log.append([entry("a")])

    async def test_one_that_hangs_delays_each_sender_by_2_seconds_at_most(self, tmp_path: Path) -> None:
        connected: list[asyncio.StreamWriter] = []

        def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.append(writer)

        server = await asyncio.start_unix_server(say_nothing, tmp_path / "hung.sock")
        try:
            async with open_log(f"unix://{tmp_path}/hung.sock") as log:
                before = time.monotonic()
                errors = await asyncio.gather(*(log.append([entry("a")]) for _ in range(3)), return_exceptions=True)
                assert [type(error) for error in errors] == [LogUnavailable] * 3
                # Each counts from when it came: they go over one connection, one after the other.
                assert time.monotonic() - before < 1.5 * log_module.COMMAND_SECONDS
        finally:
            for writer in connected:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
            server.close()
            await server.wait_closed()


class TestLease:
    async def test_one_leads_until_it_resigns(self, url: str) -> None:
        async with open_log(url) as one, open_log(url) as other:
            assert not await one.is_led()
            assert await one.lead(60_000)
            assert not await other.lead(60_000)
            assert await one.lead(60_000)
            assert await other.is_led()
            await other.resign()  # not the other's to give back
            assert not await other.lead(60_000)
            await one.resign()
            assert not await one.is_led()
            assert await other.lead(60_000)

    async def test_a_lease_ends_by_itself(self, url: str, redis: Redis) -> None:
        async with open_log(url) as log:
            await log.lead(5_000)
            remaining = redis.pttl(RELAY)
            assert isinstance(remaining, int)
            assert 0 < remaining <= 5_000
            redis.delete(RELAY)  # as when its time is over
            assert not await log.is_led()
            assert await log.lead(5_000)

    async def test_renewing_makes_it_longer(self, url: str, redis: Redis) -> None:
        async with open_log(url) as log:
            await log.lead(1_000)
            await log.lead(60_000)
            remaining = redis.pttl(RELAY)
            assert isinstance(remaining, int)
            assert remaining > 1_000


async def test_whoever_is_to_end_hears_it_whatever_they_wait_for(url: str) -> None:
    """`asyncio.wait_for`, until Python 3.12, returns what came in the last turns, and forgets that it was cancelled."""
    async with open_log(url) as log:
        for turn in range(TURNS_OF_A_COMMAND):
            task = asyncio.create_task(log.lead(60_000))
            await turns(turn)
            heard = task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() is heard, f"cancelled in turn {turn}"


class TestClose:
    async def test_one_that_was_never_used_leaves_nothing(self, url: str, redis: Redis) -> None:
        clients = len(redis.client_list())
        async with open_log(url):
            pass
        assert len(redis.client_list()) == clients

    async def test_one_that_was_used_closes_its_connections(self, url: str, redis: Redis) -> None:
        def clients() -> int:
            return len(redis.client_list())

        before = clients()
        async with open_log(url) as log:
            await log.append([entry("a")])
            await log.after(0, 1)
            assert clients() == before + 2
        await until(lambda: clients() == before, 0.001)

    async def test_keys_are_in_one_slot_of_a_cluster(self, url: str, redis: Redis) -> None:
        async with open_log(url) as log:
            await log.append([entry("a")])
            await log.lead(60_000)
        keys = [key.decode() for key in redis.scan_iter()]
        assert {LOG, COMPLETE, CARRIED, RELAY} == set(keys)
        assert all(key.startswith("{getnotified}:") for key in keys)
