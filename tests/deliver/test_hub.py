"""The hub: who hears what, what that costs, and that nobody waits for anybody."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deliver.connection import Connection
from app.deliver.event import WRITE_MAX_BYTES, Event
from app.deliver.hub import Hub
from tests.support.connections import TestConnection, connection
from tests.support.events import event, ids
from tests.support.properties import PROPERTY
from tests.support.wires import RecordingWire, wire_class

UNSENT_MAX = 1000


class Clock:
    """The event loop's clock, by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def left_behind() -> list[Connection]:
    return []


@pytest.fixture
def hub(clock: Clock, left_behind: list[Connection]) -> Hub:
    return Hub(UNSENT_MAX, left_behind.append, clock)


@pytest.fixture
def join(hub: Hub) -> Callable[..., TestConnection]:
    def make(customer_id: int = 1, *topics: str, **options: object) -> TestConnection:
        made = connection(customer_id, dict.fromkeys(topics, 0), **options)  # type: ignore[arg-type]
        hub.add(made)
        return made

    return make


Join = Callable[..., TestConnection]


class TestWhoHears:
    def test_a_customers_own_channel_is_heard_by_all_of_their_pages_and_by_nobody_else(
        self, hub: Hub, join: Join
    ) -> None:
        page, phone, other = join(1), join(1), join(2)
        assert hub.publish([event(5, "customer:1")], 5) == 2
        assert ids(page.wire.stream) == ids(phone.wire.stream) == [5]
        assert other.wire.writes == []

    def test_a_topic_is_heard_by_all_that_listen_to_it(self, hub: Hub, join: Join) -> None:
        listeners, deaf = [join(number, "a") for number in range(5)], join(9, "b")
        assert hub.publish([event(5, "topic:a")], 5) == 5
        assert all(ids(each.wire.stream) == [5] for each in listeners)
        assert deaf.wire.writes == []

    def test_who_is_being_caught_up_is_not_written_to(self, hub: Hub, join: Join) -> None:
        behind, live = join(1, "a", live=False, cursor=3), join(2, "a")
        assert hub.publish([event(5)], 5) == 1
        assert behind.wire.writes == []
        assert behind.cursor == 3
        assert ids(live.wire.stream) == [5]

    def test_what_has_expired_is_not_written(self, hub: Hub, join: Join) -> None:
        page = join(1, "a")
        now_ms = int(time.time() * 1000)
        batch = [event(5, expires_ms=now_ms - 1), event(6, expires_ms=now_ms + 60_000), event(7, expires_ms=1)]
        assert hub.publish(batch, 7) == 1
        assert ids(page.wire.stream) == [6]
        assert hub.publish([event(8, expires_ms=1)], 8) == 0
        assert len(page.wire.writes) == 1

    def test_live_pages_see_every_event_of_a_collapse_key(self, hub: Hub, join: Join) -> None:
        page = join(1, "a")
        hub.publish([event(5, collapse_key="k"), event(6, collapse_key="k")], 6)
        assert ids(page.wire.stream) == [5, 6]

    def test_a_channel_without_listeners_costs_nothing(self, hub: Hub, join: Join) -> None:
        wires = wire_class()
        join(1, "a", wire=wires())
        assert hub.publish([event(5, "topic:b"), event(6, "customer:2")], 6) == 0
        assert wires.encoded == []

    def test_who_has_left_hears_nothing(self, hub: Hub, join: Join) -> None:
        page = join(1, "a")
        hub.remove(page)
        assert hub.publish([event(5), event(6, "customer:1")], 6) == 0
        assert page.wire.writes == []


class TestWithheld:
    def test_it_is_not_pushed_to_those_from_whom_it_is_withheld_and_to_all_others(self, hub: Hub, join: Join) -> None:
        page, phone, other = join(1, "a"), join(1, "a"), join(2, "a")
        assert hub.publish([event(5, withheld={1}), event(6)], 6) == 4
        assert ids(page.wire.stream) == ids(phone.wire.stream) == [6]
        assert ids(other.wire.stream) == [5, 6]

    def test_who_is_told_nothing_is_not_written_to_and_counts_as_silent(
        self, hub: Hub, join: Join, clock: Clock
    ) -> None:
        page = join(1)
        written_at = page.written_at
        clock.now = 200.0
        assert hub.publish([event(5, "customer:1", withheld={1})], 5) == 0
        assert (page.wire.writes, page.written_at, page.live) == ([], written_at, True)

    def test_what_it_costs_is_paid_for_those_alone(self, hub: Hub, join: Join) -> None:
        wires = wire_class()
        for number in range(50):
            join(number, "a", wire=wires())
        assert hub.publish([event(5, withheld={1, 2, 99}), event(6)], 6) == 98
        assert len(wires.encoded) == 3  # all others; 1; 2

    def test_a_slow_browser_is_left_behind_at_the_end_of_the_batch(
        self, hub: Hub, join: Join, left_behind: list[Connection]
    ) -> None:
        slow = join(1, "a", wire=RecordingWire(stuck=True))
        hub.publish([event(5, size=UNSENT_MAX), event(6, withheld={1})], 7)
        assert (left_behind, slow.cursor, ids(slow.wire.stream)) == ([slow], 7, [5])

    def test_that_something_is_taken_back_is_told_like_all_else(self, hub: Hub, join: Join) -> None:
        page = join(1, "a")
        assert hub.publish([event(5), event(6, retracts="u5")], 6) == 2
        assert ids(page.wire.stream) == [5, 6], "live pages see it come and go"


class TestTheEndOfAnOrder:
    def test_a_member_whose_url_asks_for_its_topic_ceases_to_hear_it(self, hub: Hub, join: Join) -> None:
        page = join(1, "order:7", asked=frozenset({"order:7"}))
        hub.unsubscribe(1, "order:7")
        assert page.channels == {"customer:1": 0}
        assert hub.publish([event(8, "topic:order:7")], 8) == 0

    def test_who_may_hear_it_by_the_token_itself_goes_on(self, hub: Hub, join: Join) -> None:
        page = join(1, "order:7", asked=frozenset({"order:7"}), covered=("order:*",))
        hub.unsubscribe(1, "order:7")
        assert hub.publish([event(8, "topic:order:7")], 8) == 1
        assert ids(page.wire.stream) == [8]

    def test_who_is_no_member_any_more_when_it_is_looked_up_anew_hears_no_more(self, hub: Hub, join: Join) -> None:
        page = join(1, "order:7", "news", asked=frozenset({"order:7"}))
        hub.set_topics(1, {"news": 0})
        assert page.channels == {"customer:1": 0, "topic:news": 0}


class TestWhatItCosts:
    def test_a_batch_is_one_write_for_each_connection(self, hub: Hub, join: Join) -> None:
        pages = [join(number, "a", "b") for number in range(3)]
        hub.publish([event(5), event(6, "topic:b"), event(7), event(8, "topic:b")], 8)
        for page in pages:
            assert len(page.wire.writes) == 1
            assert ids(page.wire.stream) == [5, 6, 7, 8]

    def test_a_batch_is_encoded_once_whatever_the_number_of_connections(self, hub: Hub, join: Join) -> None:
        wires = wire_class()
        pages = [join(number, "a", wire=wires()) for number in range(100)]
        assert hub.publish([event(5), event(6)], 6) == 200
        assert len(wires.encoded) == 1
        assert all(ids(page.wire.stream) == [5, 6] for page in pages)

    def test_a_batch_is_encoded_once_for_each_set_of_channels_that_hears_of_it(self, hub: Hub, join: Join) -> None:
        wires = wire_class()
        for number in range(10):
            join(number, "a", wire=wires())
            join(number, "b", wire=wires())
            join(number, "a", "b", wire=wires())
            join(number, "a", "b", "quiet", wire=wires())
        assert hub.publish([event(5), event(6, "topic:b")], 6) == 60
        assert len(wires.encoded) == 3  # a; b; a and b

    def test_a_batch_is_encoded_once_for_each_way_of_writing(self, hub: Hub, join: Join) -> None:
        transport, asgi = wire_class(), wire_class()
        for number in range(5):
            join(number, "a", wire=transport())
            join(number, "a", wire=asgi())
        hub.publish([event(5)], 5)
        assert len(transport.encoded) == len(asgi.encoded) == 1

    def test_a_large_batch_is_cut_so_that_a_full_connection_is_noticed_in_time(self, hub: Hub, join: Join) -> None:
        page = join(1, "a")
        size = WRITE_MAX_BYTES // 4
        batch = [event(position, size=size) for position in range(1, 11)]
        hub.publish(batch, 10)
        assert [len(write) <= WRITE_MAX_BYTES for write in page.wire.writes] == [True] * 4
        assert page.wire.stream == b"".join(each.wire for each in batch)

    def test_one_event_over_the_limit_is_one_write(self, hub: Hub, join: Join) -> None:
        page = join(1, "a")
        batch = [event(1), event(2, size=2 * WRITE_MAX_BYTES), event(3)]
        hub.publish(batch, 3)
        assert page.wire.writes == [each.wire for each in batch]

    def test_the_pieces_of_a_large_batch_are_encoded_once_too(self, hub: Hub, join: Join) -> None:
        wires = wire_class()
        for number in range(10):
            join(number, "a", wire=wires())
        hub.publish([event(position, size=WRITE_MAX_BYTES) for position in range(1, 4)], 3)
        assert len(wires.encoded) == 3


class TestASlowBrowser:
    def test_it_is_left_behind_where_it_was_written_to_and_delays_nobody(
        self, hub: Hub, join: Join, left_behind: list[Connection]
    ) -> None:
        slow, quick = join(1, "a", wire=RecordingWire(stuck=True)), join(2, "a")
        hub.publish([event(5, size=UNSENT_MAX)], 5)
        assert left_behind == [slow]
        assert (slow.live, slow.cursor) == (False, 5)
        assert quick.live
        hub.publish([event(6)], 6)
        assert (ids(slow.wire.stream), ids(quick.wire.stream)) == ([5], [5, 6])
        assert left_behind == [slow], "it is told once"

    def test_up_to_the_limit_it_is_not_left_behind(self, hub: Hub, join: Join, left_behind: list[Connection]) -> None:
        slow = join(1, "a", wire=RecordingWire(stuck=True))
        for position in range(1, 4):
            hub.publish([event(position, size=200)], position)
        assert slow.wire.unsent_bytes() <= UNSENT_MAX
        assert (slow.live, left_behind) == (True, [])

    def test_in_the_middle_of_a_batch_its_cursor_is_the_last_event_that_was_written(self, hub: Hub, join: Join) -> None:
        slow, quick = join(1, "a", wire=RecordingWire(stuck=True)), join(2, "a")
        hub.publish([event(position, size=WRITE_MAX_BYTES // 2 + 1) for position in (5, 7, 9)], 11)
        assert (ids(slow.wire.stream), slow.cursor) == ([5], 5)
        assert ids(quick.wire.stream) == [5, 7, 9]

    def test_at_the_end_of_a_batch_its_cursor_is_the_end_of_the_batch(self, hub: Hub, join: Join) -> None:
        slow = join(1, "a", wire=RecordingWire(stuck=True))
        hub.publish([event(5, size=UNSENT_MAX), event(6, "topic:b"), event(7, "topic:c")], 7)
        assert slow.cursor == 7  # what follows on other channels is not for it

    def test_it_is_bounded_in_memory_however_much_is_published(self, hub: Hub, join: Join) -> None:
        slow = join(1, "a", wire=RecordingWire(stuck=True))
        for position in range(1, 200):
            hub.publish([event(position, size=300)], position)
        assert slow.wire.unsent_bytes() <= UNSENT_MAX + 400

    def test_when_entries_were_missed_all_that_are_live_are_left_behind_there(
        self, hub: Hub, join: Join, left_behind: list[Connection]
    ) -> None:
        live, behind = join(1, "a"), join(2, "a", live=False, cursor=3)
        hub.all_left_behind(9)
        assert left_behind == [live]
        assert (live.live, live.cursor) == (False, 9)
        assert (behind.live, behind.cursor) == (False, 3)


class TestABrokenConnection:
    def test_it_is_cut_off_and_the_others_hear(self, hub: Hub, join: Join, left_behind: list[Connection]) -> None:
        class Broken(RecordingWire):
            def write(self, framed: bytes) -> None:
                raise RuntimeError(f"{len(framed)} bytes are not taken")

        broken, others = join(1, "a", wire=Broken()), [join(number, "a") for number in range(2, 10)]
        hub.publish([event(5)], 5)
        assert broken.wire.aborted
        assert (broken.live, broken.ended, left_behind) == (False, True, [])
        assert all(ids(each.wire.stream) == [5] for each in others)


class TestOneWithLittleRoom:
    def test_what_the_network_takes_at_once_is_not_written(self, hub: Hub, join: Join) -> None:
        taken: list[bytes] = []

        class Roomy(RecordingWire):
            def offer(self, framed: bytes) -> int:
                taken.append(framed)
                return len(framed)

        page = join(1, "a", wire=Roomy())
        assert hub.publish([event(5), event(6)], 6) == 2
        assert ids(taken[0][1:-1]) == [5, 6]
        assert page.wire.writes == []

    def test_what_it_does_not_take_at_once_is_written(self, hub: Hub, join: Join) -> None:
        offered: list[bytes] = []
        written: list[bytes] = []

        class Tight(RecordingWire):
            def offer(self, framed: bytes) -> int:
                offered.append(framed)
                return 10

            def write(self, framed: bytes) -> None:
                written.append(framed)

        page = join(1, "a", wire=Tight())
        hub.publish([event(5)], 5)
        assert offered[0][10:] == written[0]
        assert page.live

    def test_what_is_refused_for_want_of_room_is_written_whole(self, hub: Hub, join: Join) -> None:
        class Full(RecordingWire):
            def offer(self, _: bytes) -> int:
                raise BlockingIOError

        page = join(1, "a", wire=Full())
        hub.publish([event(5)], 5)
        assert ids(page.wire.stream) == [5]
        assert page.live

    def test_the_next_piece_is_not_offered_as_the_one_before(self, hub: Hub, join: Join) -> None:
        """A wire may take pieces in another way from one to the next."""
        ways: list[str] = []

        class Changing(RecordingWire):
            def __init__(self) -> None:
                super().__init__()
                self.offer = self._first  # type: ignore[method-assign]

            def _first(self, _: bytes) -> int:
                ways.append("first")
                self.offer = self._then  # type: ignore[method-assign]
                return 0

            def _then(self, _: bytes) -> int:
                ways.append("then")
                return 0

        join(1, "a", wire=Changing())
        hub.publish([event(position, size=WRITE_MAX_BYTES // 2) for position in range(1, 7)], 6)
        assert ways[0] == "first"
        assert set(ways[1:]) == {"then"}


class TestSilence:
    def test_who_was_not_written_to_since_then_is_silent(self, hub: Hub, join: Join, clock: Clock) -> None:
        spoken, silent, behind = join(1, "a"), join(2), join(3, live=False)
        clock.now = 200.0
        hub.publish([event(5)], 5)
        assert spoken.written_at == 200.0
        assert hub.silent_since(150.0) == [silent]
        assert hub.silent_since(200.0) == [spoken, silent]
        assert behind not in hub.silent_since(300.0)


class TestSubscriptions:
    def test_a_topic_is_heard_from_the_position_at_which_it_was_subscribed_to(self, hub: Hub, join: Join) -> None:
        page, phone, other = join(1), join(1), join(2)
        hub.subscribe(1, "a", 7)
        assert page.channels == phone.channels == {"customer:1": 0, "topic:a": 7}
        assert other.channels == {"customer:2": 0}
        assert hub.publish([event(8)], 8) == 2

    def test_a_topic_that_is_listened_to_already_keeps_its_beginning(self, hub: Hub, join: Join) -> None:
        page = join(1, "a")
        hub.subscribe(1, "a", 7)
        assert page.channels["topic:a"] == 0

    def test_a_token_that_does_not_cover_the_topic_does_not_hear_it(self, hub: Hub, join: Join) -> None:
        bounded, free = join(1, covered=("order.*",)), join(1)
        hub.subscribe(1, "news", 7)
        assert "topic:news" not in bounded.channels
        assert hub.publish([event(8, "topic:news")], 8) == 1
        assert ids(free.wire.stream) == [8]

    def test_who_unsubscribes_hears_no_more_of_it(self, hub: Hub, join: Join) -> None:
        page, other = join(1, "a"), join(2, "a")
        hub.unsubscribe(1, "a")
        assert hub.publish([event(8)], 8) == 1
        assert (page.wire.writes, ids(other.wire.stream)) == ([], [8])
        hub.unsubscribe(1, "a")  # once more does no harm
        hub.unsubscribe(7, "a")

    def test_a_connection_whose_url_asks_for_the_topic_keeps_it(self, hub: Hub, join: Join) -> None:
        asking, standing = join(1, asked=frozenset({"a"})), join(1, "a")
        hub.unsubscribe(1, "a")
        assert "topic:a" in asking.channels
        assert "topic:a" not in standing.channels

    def test_a_connection_that_is_being_caught_up_is_subscribed_too(self, hub: Hub, join: Join) -> None:
        behind = join(1, live=False)
        hub.subscribe(1, "a", 7)
        assert behind.channels["topic:a"] == 7

    def test_what_is_looked_up_anew_replaces_what_was_known(self, hub: Hub, join: Join) -> None:
        page, asking = join(1, "old", "kept"), join(1, "old", asked=frozenset({"asked"}))
        hub.set_topics(1, {"kept": 99, "new": 7})
        assert page.channels == {"customer:1": 0, "topic:kept": 0, "topic:new": 7}
        assert asking.channels == {"customer:1": 0, "topic:asked": 0, "topic:kept": 99, "topic:new": 7}
        assert hub.publish([event(8, "topic:old")], 8) == 0


class TestComingAndGoing:
    def test_it_knows_how_many_there_are_and_whose(self, hub: Hub, join: Join) -> None:
        one, two, _ = join(1), join(1), join(2)
        assert len(hub) == len(list(hub)) == 3
        assert set(hub.of_customer(1)) == {one, two}
        assert not hub.of_customer(3)

    def test_who_leaves_leaves_nothing_behind(self, hub: Hub, join: Join) -> None:
        pages = [join(number, "a", f"order:{number}", asked=frozenset({"b"})) for number in range(5)]
        for number in range(5):
            hub.subscribe(number, f"late:{number}", 7)
            hub.unsubscribe(number, "a")
        for page in pages:
            hub.remove(page)
        assert len(hub) == 0
        assert (hub._listeners, hub._connections) == ({}, {})

    def test_connections_may_leave_while_they_are_gone_through(self, hub: Hub, join: Join) -> None:
        pages = [join(number) for number in range(5)]
        for each in hub:
            hub.remove(each)
        assert len(hub) == 0
        assert len(pages) == 5


channels_of_each = st.lists(st.sets(st.sampled_from("abc")), max_size=5)
withheld_from = st.frozensets(st.integers(0, 4), max_size=2)
batches = st.lists(st.lists(st.tuples(st.sampled_from("abcd"), withheld_from), max_size=5), max_size=5)


@PROPERTY
@given(channels_of_each, batches)
def test_every_connection_gets_exactly_its_events_once_and_in_order(
    listened: list[set[str]], published: list[list[tuple[str, frozenset[int]]]]
) -> None:
    hub = Hub(1 << 30, lambda _: None, Clock())
    pages = [connection(number, dict.fromkeys(sorted(topics), 0)) for number, topics in enumerate(listened)]
    for page in pages:
        hub.add(page)
    everything: list[Event] = []
    written = 0
    for topics in published:
        batch = [
            event(len(everything) + number + 1, f"topic:{topic}", withheld=withheld)
            for number, (topic, withheld) in enumerate(topics)
        ]
        everything += batch
        if batch:
            written += hub.publish(batch, batch[-1].position)
    expected = [
        [
            each
            for each in everything
            if each.channel in page.channels and page.identity.customer_id not in each.withheld
        ]
        for page in pages
    ]
    assert [ids(page.wire.stream) for page in pages] == [[each.position for each in heard] for heard in expected]
    assert written == sum(map(len, expected))
