"""Replay: from where a browser was to what is live, without a hole and without anything twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import position as positions
from app.deliver import replay as replay_module
from app.deliver.connection import Connection
from app.deliver.event import WRITE_MAX_BYTES, Event
from app.deliver.hub import Hub
from app.deliver.replay import HISTORY_PAGE, PAGE, QUERIES_MAX, Replay
from app.deliver.window import Window
from app.errors import HistoryUnsettled
from tests.support.connections import TestConnection, connection
from tests.support.events import event, ids
from tests.support.properties import PROPERTY
from tests.support.sse import SentEvent, parse
from tests.support.tasks import PATIENCE_SECONDS, end, turns, until
from tests.support.wires import RecordingWire

UNSENT_MAX = 64 * 1024


class Memory:
    """History without a database: everything that was ever published, less what was pruned.

    Each answer takes two turns of the loop, before and after it looks.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.mark = 0
        self.unsettled = 0
        self.pages = 0
        self.asking = 0
        self.asked_at_once = 0

    async def page(
        self,
        customer_id: int,  # noqa: ARG002  # nothing is withheld from anybody
        channels: Mapping[str, int],
        after: int,
        up_to: int,
        limit: int,
    ) -> list[Event]:
        listened = dict(channels)
        self.pages += 1
        self.asking += 1
        self.asked_at_once = max(self.asked_at_once, self.asking)
        await asyncio.sleep(0)
        found = [
            each
            for each in self.events
            if each.channel in listened and max(after, listened[each.channel]) < each.position <= up_to
        ]
        await asyncio.sleep(0)
        self.asking -= 1
        return found[:limit]

    async def pruned_to(self) -> int:
        await asyncio.sleep(0)
        return self.mark

    async def is_settled(self, position: int) -> bool:  # noqa: ARG002  # all rows at once
        await asyncio.sleep(0)
        self.unsettled -= self.unsettled > 0
        return not self.unsettled

    def prune(self, position: int) -> None:
        self.mark = position
        self.events = [each for each in self.events if each.position > position]


class Process:
    """What of a web process replay has to do with: window, hub, history; and entries that come."""

    def __init__(
        self, window_entries: int = 1000, unsent_max_bytes: int = 1 << 30, stalled_seconds: float = 60
    ) -> None:
        clock = asyncio.get_running_loop().time
        self.window = Window(window_entries, 1 << 30)
        self.memory = Memory()
        self.replay = Replay(self.window, self.memory, stalled_seconds, clock)
        self.hub = Hub(unsent_max_bytes, self._left_behind, clock)
        self.catching_up: list[asyncio.Task[int]] = []

    def _left_behind(self, behind: Connection) -> None:
        self.catching_up.append(asyncio.create_task(self.replay.catch_up(behind)))

    def publish(self, *channels: str, size: int = 0) -> None:
        """The log brings one batch: an event for each channel."""
        first = self.window.newest + 1
        batch = [event(first + number, channel, size) for number, channel in enumerate(channels)]
        self.memory.events += batch
        for each in batch:
            self.window.append(each)
        if batch:
            self.hub.publish(batch, batch[-1].position)

    def join(self, cursor: int, *topics: str, wire: RecordingWire | None = None) -> TestConnection:
        made = connection(1, dict.fromkeys(topics, 0), wire=wire, cursor=cursor, live=False)
        self.hub.add(made)
        return made


class TestWhereItComesFrom:
    async def test_who_has_missed_nothing_is_live_at_once(self) -> None:
        process = Process()
        process.publish("topic:a")
        page = process.join(1, "a")
        assert await process.replay.catch_up(page) == 0
        assert page.live
        assert page.wire.writes == []

    async def test_what_the_window_has_is_not_asked_of_the_database(self) -> None:
        process = Process()
        process.publish(*["topic:a", "topic:b"] * 10)
        page = process.join(5, "a")
        assert await process.replay.catch_up(page) == 7
        assert ids(page.wire.stream) == list(range(7, 20, 2))
        assert page.live
        assert process.memory.pages == 0

    async def test_beyond_the_window_it_comes_from_the_database_and_the_rest_from_the_window(self) -> None:
        process = Process(window_entries=5)
        process.publish(*["topic:a"] * 20)
        page = process.join(3, "a")
        assert await process.replay.catch_up(page) == 17
        assert ids(page.wire.stream) == list(range(4, 21))
        assert process.memory.pages == 1

    async def test_long_history_comes_in_pages_each_of_one_query(self) -> None:
        process = Process(window_entries=10)
        process.publish(*["topic:a"] * (3 * PAGE))
        page = process.join(0, "a")
        assert await process.replay.catch_up(page) == 3 * PAGE
        assert ids(page.wire.stream) == list(range(1, 3 * PAGE + 1))
        assert process.memory.pages == 3 * PAGE // HISTORY_PAGE

    async def test_only_what_is_listened_to_is_replayed_and_from_where_it_is(self) -> None:
        process = Process(window_entries=5)
        process.publish(*["topic:a", "topic:b", "customer:1", "customer:2"] * 5)
        page = process.join(0, "a")
        page.channels["topic:a"] = 9
        await process.replay.catch_up(page)
        assert ids(page.wire.stream) == [3, 7, 11, 13, 15, 17, 19]

    async def test_others_get_their_turn_between_two_pages(self) -> None:
        process = Process()
        process.publish(*["topic:a"] * (3 * PAGE))
        task = asyncio.create_task(process.replay.catch_up(process.join(0, "a")))
        turns = 0
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns >= 3

    async def test_replay_leaves_the_database_to_the_senders_but_for_a_few_queries_at_a_time(self) -> None:
        process = Process(window_entries=1)
        process.publish(*["topic:a"] * 5)
        pages = [process.join(0, "a") for _ in range(20)]
        await asyncio.gather(*(process.replay.catch_up(page) for page in pages))
        assert process.memory.asked_at_once == QUERIES_MAX
        assert all(ids(page.wire.stream) == [1, 2, 3, 4, 5] for page in pages)

    async def test_rows_that_are_being_recorded_are_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replay_module, "SETTLE_SECONDS", 0.0)
        process = Process(window_entries=1)
        process.publish(*["topic:a"] * 5)
        recorded, process.memory.events = process.memory.events, []
        process.memory.unsettled = 3
        task = asyncio.create_task(process.replay.catch_up(process.join(0, "a")))
        while process.memory.unsettled > 1:
            assert process.memory.pages == 0, "it has asked for rows that are not there yet"
            await asyncio.sleep(0)
        process.memory.events = recorded
        assert await task == 5

    async def test_rows_that_are_never_recorded_make_no_hole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replay_module, "SETTLE_SECONDS", 0.0)
        process = Process(window_entries=1)
        process.publish(*["topic:a"] * 5)
        process.memory.unsettled = 1 << 30
        page = process.join(0, "a")
        with pytest.raises(HistoryUnsettled):
            await process.replay.catch_up(page)
        assert (page.wire.writes, page.cursor, page.live) == ([], 0, False)


class TestGap:
    @staticmethod
    def gaps(page: TestConnection) -> list[tuple[str | None, Any]]:
        return [(each.id, json.loads(each.data)) for each in parse(page.wire.stream) if each.event == "gap"]

    async def test_who_asks_for_pruned_history_is_told_and_then_gets_all_that_is_kept(self) -> None:
        process = Process(window_entries=5)
        process.publish(*["topic:a"] * 20)
        process.memory.prune(8)
        page = process.join(3, "a")
        assert await process.replay.catch_up(page) == 12
        told = {"reason": "pruned", "oldest": positions.show(8), "inbox": "/inbox"}
        assert self.gaps(page) == [(positions.show(8), told)]
        assert ids(page.wire.stream) == list(range(9, 21))

    async def test_at_the_mark_nothing_is_missing(self) -> None:
        process = Process(window_entries=5)
        process.publish(*["topic:a"] * 20)
        process.memory.prune(8)
        page = process.join(8, "a")
        assert await process.replay.catch_up(page) == 12
        assert self.gaps(page) == []

    async def test_pruning_while_rows_are_read_is_noticed(self) -> None:
        process = Process(window_entries=5)
        process.publish(*["topic:a"] * 20)
        page = process.join(3, "a")
        task = asyncio.create_task(process.replay.catch_up(page))
        await until(lambda: process.memory.pages)
        process.memory.prune(8)
        await task
        assert len(self.gaps(page)) == 1
        assert ids(page.wire.stream) == list(range(9, 21))

    async def test_what_the_window_still_has_is_replayed_though_the_database_has_pruned_it(self) -> None:
        process = Process(window_entries=5)
        process.publish(*["topic:a"] * 20)
        process.memory.prune(18)
        page = process.join(3, "a")
        await process.replay.catch_up(page)
        assert [data["oldest"] for _, data in self.gaps(page)] == [positions.show(15)]
        assert ids(page.wire.stream) == [16, 17, 18, 19, 20]

    async def test_a_gap_moves_the_browsers_cursor_so_that_it_is_told_once(self) -> None:
        process = Process()
        page = process.join(0, "a")
        process.replay.tell_gap(page, "unknown", positions.from_ms(5))
        (told,) = parse(page.wire.stream)
        assert told == SentEvent("5-0", "gap", '{"reason":"unknown","oldest":"5-0","inbox":"/inbox"}')


class Choking(RecordingWire):
    """The browser does not read, and what is unsent has a limit, as on a real wire."""

    def __init__(self) -> None:
        super().__init__(stuck=True)
        self._room.set()

    def write(self, framed: bytes) -> None:
        super().write(framed)
        if self.unsent_bytes() > UNSENT_MAX:
            self._room.clear()


class TestABrowserThatDoesNotRead:
    async def test_nothing_is_written_before_there_is_room(self) -> None:
        process = Process()
        process.publish("topic:a")
        page = process.join(0, "a", wire=RecordingWire(stuck=True))
        task = asyncio.create_task(process.replay.catch_up(page))
        await turns(10)
        assert page.wire.writes == []
        page.wire.flow()
        assert await task == 1

    async def test_what_waits_for_it_in_memory_is_bounded_in_bytes(self) -> None:
        process = Process()
        process.publish(*["topic:a"] * PAGE, size=30_000)
        page = process.join(0, "a", wire=Choking())
        task = asyncio.create_task(process.replay.catch_up(page))
        await turns(5)
        assert page.wire.writes
        assert page.wire.unsent_bytes() <= UNSENT_MAX + WRITE_MAX_BYTES + 100
        page.wire.flow()
        assert await task == PAGE
        assert ids(page.wire.stream) == list(range(1, PAGE + 1))

    async def test_one_that_takes_nothing_is_cut_off(self) -> None:
        process = Process(stalled_seconds=0.01)
        process.publish("topic:a")
        page = process.join(0, "a", wire=RecordingWire(stuck=True))
        with pytest.raises(ConnectionAbortedError):
            await process.replay.catch_up(page)
        assert page.wire.aborted
        assert not page.live

    @pytest.mark.parametrize("when", ["before", "while it waits"])
    async def test_one_that_has_gone_is_given_up(self, when: str) -> None:
        process = Process()
        process.publish("topic:a")
        page = process.join(0, "a", wire=RecordingWire(stuck=True))
        if when == "before":
            page.wire.leave()
        task = asyncio.create_task(process.replay.catch_up(page))
        await asyncio.sleep(0)
        page.wire.leave()
        with pytest.raises(ConnectionError):
            await task
        assert page.wire.writes == []
        assert not page.live

    async def test_a_stream_that_ends_while_its_history_is_read_is_not_written_to(self) -> None:
        process = Process(window_entries=1)
        process.publish(*["topic:a"] * 5)
        page = process.join(0, "a")
        task = asyncio.create_task(process.replay.catch_up(page))
        await until(lambda: process.memory.pages)
        page.end(b"data: farewell\n\n", 0.0)
        with pytest.raises(ConnectionError):
            await task
        assert page.wire.writes == [b"data: farewell\n\n"]
        assert not page.live

    async def test_one_that_is_cancelled_leaves_room_for_the_queries_of_others(self) -> None:
        process = Process(window_entries=1)
        process.publish(*["topic:a"] * 5)
        tasks = [asyncio.create_task(process.replay.catch_up(process.join(0, "a"))) for _ in range(2 * QUERIES_MAX)]
        await until(lambda: process.memory.asking == QUERIES_MAX)
        for task in tasks:
            await end(task)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await process.replay.catch_up(process.join(0, "a")) == 5


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def patiently() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await test()

    asyncio.run(patiently())


names = st.lists(st.sampled_from(["topic:a", "topic:b", "customer:1"]), max_size=3)
# What comes in each turn of the loop; in some of them the browser stops reading, or goes on.
schedules = st.lists(st.tuples(names, st.sampled_from(["", "", "", "stick", "flow"])), max_size=40)


@PROPERTY
@given(
    before=st.lists(names, max_size=8), cursor=st.integers(0, 12), schedule=schedules, window_entries=st.integers(1, 6)
)
def test_whatever_comes_in_the_meantime_there_is_no_hole_and_nothing_twice(
    before: list[list[str]], cursor: int, schedule: list[tuple[list[str], str]], window_entries: int
) -> None:
    async def test() -> None:
        process = Process(window_entries, unsent_max_bytes=100)
        for batch in before:
            process.publish(*batch)
        since = min(cursor, process.window.newest)
        page = process.join(since, "a")
        process._left_behind(page)
        for batch, change in schedule:
            if change == "stick":
                page.wire.stick()
            elif change == "flow":
                page.wire.flow()
            process.publish(*batch)
            await asyncio.sleep(0)
        page.wire.flow()
        while running := [task for task in process.catching_up if not task.done()]:
            await asyncio.wait(running)
        assert page.live
        heard = [each.position for each in process.memory.events if each.channel in page.channels]
        assert ids(page.wire.stream) == [position for position in heard if position > since]
        assert [task.exception() for task in process.catching_up] == [None] * len(process.catching_up)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay_module, "PAGE", 2)
        run(test)


@pytest.mark.parametrize("window_entries", [1, 3, 100])
@pytest.mark.parametrize("turn", range(14))
def test_an_entry_that_comes_in_any_one_turn_of_a_replay_is_seen_once(turn: int, window_entries: int) -> None:
    async def test() -> None:
        process = Process(window_entries)
        process.publish(*["topic:a"] * 5)
        page = process.join(1, "a")
        task = asyncio.create_task(process.replay.catch_up(page))
        await turns(turn)
        process.publish("topic:a")
        await task
        process.publish("topic:a")
        assert ids(page.wire.stream) == [2, 3, 4, 5, 6, 7]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay_module, "PAGE", 2)
        run(test)
