"""The window, against a list of everything that ever happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deliver import window as window_module
from app.deliver.event import NOBODY, Event
from app.deliver.window import EVENT_OVERHEAD_BYTES, HEAD_MIN, Window
from tests.support.events import event
from tests.support.properties import PROPERTY

ME = 42
NOW_MS = 1_000
CHANNELS = ["topic:a", "topic:b", "customer:1"]
ROOM = 1 << 30


class Step(NamedTuple):
    """One entry of the log: an event, or (without a channel) an entry that no browser sees.

    It may take back the event of its channel that is so many before it.
    """

    channel: str | None
    distance: int
    size: int
    expires_ms: int
    collapse_key: str
    withheld: frozenset[int]
    takes_back: int


steps = st.builds(
    Step,
    channel=st.sampled_from([*CHANNELS, None]),
    distance=st.integers(1, 3),
    size=st.integers(0, 200),
    expires_ms=st.sampled_from([0, 0, 0, NOW_MS - 1, NOW_MS, NOW_MS + 1]),
    collapse_key=st.sampled_from(["", "", "k", "l"]),
    withheld=st.sampled_from([NOBODY, NOBODY, frozenset({ME}), frozenset({ME + 1}), frozenset({ME, ME + 1})]),
    takes_back=st.sampled_from([0, 0, 0, 1, 2, 5]),
)


class Model:
    """What a window should be: all events, and the position up to which they have left it."""

    def __init__(self, max_entries: int, max_bytes: int, start: int) -> None:
        self.events: list[Event] = []
        self.start = self.newest = start
        self._max_entries = max_entries
        self._max_bytes = max_bytes

    def append(self, appended: Event) -> None:
        self.events.append(appended)
        self.newest = appended.position
        while len(self.kept) > self._max_entries or self.bytes > self._max_bytes:
            self.start = self.kept[0].position

    @property
    def kept(self) -> list[Event]:
        return [each for each in self.events if each.position > self.start]

    @property
    def bytes(self) -> int:
        return sum(len(each.wire) + EVENT_OVERHEAD_BYTES for each in self.kept)

    def after(self, cursor: int, channels: Mapping[str, int]) -> list[Event]:
        def superseded(one: Event) -> bool:
            return any(
                other.channel == one.channel
                and other.collapse_key == one.collapse_key
                and other.position > one.position
                for other in self.events
            )

        return [
            each
            for each in self.events
            if each.position > max(cursor, channels.get(each.channel, ROOM))
            and (not each.expires_ms or each.expires_ms > NOW_MS)
            and not (each.collapse_key and superseded(each))
            and ME not in each.withheld
            and each.uid not in {other.retracts for other in self.events}
        ]

    def uid_before(self, channel: str, takes_back: int) -> str:
        """The uid of the event of a channel that is so many before its end; empty: there is none."""
        uids = [each.uid for each in self.events if each.channel == channel]
        return uids[-takes_back] if 0 < takes_back <= len(uids) else ""


def play(window: Window, model: Model, played: list[Step]) -> None:
    for step in played:
        position = model.newest + step.distance
        if step.channel is None:
            window.advance(position)
            model.newest = position
        else:
            appended = event(
                position,
                step.channel,
                step.size,
                step.expires_ms,
                step.collapse_key,
                step.withheld,
                model.uid_before(step.channel, step.takes_back),
            )
            window.append(appended)
            model.append(appended)


def follow(window: Window, cursor: int, channels: Mapping[str, int], limit: int) -> list[Event]:
    """All that a connection gets when it asks again and again, as replay does."""
    found: list[Event] = []
    while True:
        events, reach = window.after(cursor, channels, limit, ME, NOW_MS)
        assert len(events) <= limit * len(channels)
        assert all(cursor < each.position <= reach for each in events)
        found += events
        if reach == window.newest:
            return found
        assert reach > cursor, "it does not get on"
        cursor = reach


@PROPERTY
@given(
    st.lists(steps, max_size=40),
    st.integers(1, 12),
    st.integers(400, 6000),
    st.integers(0, 5),
    st.data(),
)
def test_following_it_gives_every_event_once_in_order_from_any_cursor(
    played: list[Step], max_entries: int, max_bytes: int, start: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_module, "HEAD_MIN", 2)  # so that few events are enough to clear away
        window, model = Window(max_entries, max_bytes), Model(max_entries, max_bytes, start)
        window.begin(start)
        play(window, model, played)
        assert (window.start, window.newest) == (model.start, model.newest)
        assert (len(window), window.bytes) == (len(model.kept), model.bytes)
        cursor = data.draw(st.integers(window.start, window.newest), "cursor")
        names = data.draw(st.lists(st.sampled_from(CHANNELS), unique=True, max_size=3), "channels")
        channels = {name: data.draw(st.integers(0, window.newest), f"{name} from") for name in names}
        limit = data.draw(st.integers(1, 4), "limit")
        assert follow(window, cursor, channels, limit) == model.after(cursor, channels)


@PROPERTY
@given(st.lists(steps, max_size=60), st.integers(1, 8), st.integers(1, 2000))
def test_it_never_grows_over_its_bounds(played: list[Step], max_entries: int, max_bytes: int) -> None:
    window, model = Window(max_entries, max_bytes), Model(max_entries, max_bytes, 0)
    for step in played:
        play(window, model, [step])
        assert len(window) <= max_entries
        assert window.bytes <= max_bytes
        assert window.start <= window.newest


def test_a_busy_channel_forgets_as_well_as_it_remembers() -> None:
    window = Window(50, ROOM)
    for position in range(1, 1001):
        window.append(event(position))
        kept = [each.position for each in window.after(window.start, {"topic:a": 0}, 1000, ME, NOW_MS)[0]]
        assert kept == list(range(max(1, position - 49), position + 1))
    assert len(window._channels["topic:a"].events) <= 2 * 50 + HEAD_MIN


def test_a_channel_that_has_gone_quiet_takes_no_memory() -> None:
    window = Window(10, ROOM)
    for position in range(1, 1001):
        window.append(event(position, f"customer:{position}", collapse_key="k"))
    assert list(window._channels) == [f"customer:{position}" for position in range(991, 1001)]


def test_collapse_keys_that_have_left_take_no_memory() -> None:
    window = Window(10, ROOM)
    for position in range(1, 1001):
        window.append(event(position, collapse_key=f"order:{position}"))
    assert len(window._channels["topic:a"].newest_of_key) == 10


def test_an_event_that_is_larger_than_the_window_passes_through_it() -> None:
    window = Window(10, 1000)
    window.append(event(1))
    window.append(event(2, size=5000))
    assert (len(window), window.bytes, window.start, window.newest) == (0, 0, 2, 2)
    window.append(event(3))
    assert follow(window, 2, {"topic:a": 0}, 10) == [event(3)]


def test_of_events_with_the_same_key_the_newest_is_shown_in_each_channel() -> None:
    window = Window(10, ROOM)
    for position, channel in enumerate(["topic:a", "topic:b", "topic:a", "topic:b"], start=1):
        window.append(event(position, channel, collapse_key="k"))
    shown = follow(window, 0, {"topic:a": 0, "topic:b": 0}, 10)
    assert [each.position for each in shown] == [3, 4]


def test_a_newer_event_that_has_expired_still_replaces_the_older_one() -> None:
    window = Window(10, ROOM)
    window.append(event(1, collapse_key="k"))
    window.append(event(2, collapse_key="k", expires_ms=NOW_MS))
    assert follow(window, 0, {"topic:a": 0}, 10) == []


def test_what_is_withheld_from_a_customer_is_shown_to_the_others() -> None:
    window = Window(10, ROOM)
    window.append(event(1, withheld={ME}))
    window.append(event(2))
    assert [each.position for each in window.after(0, {"topic:a": 0}, 10, ME, NOW_MS)[0]] == [2]
    assert [each.position for each in window.after(0, {"topic:a": 0}, 10, ME + 1, NOW_MS)[0]] == [1, 2]


def test_of_what_was_taken_back_only_that_is_shown() -> None:
    window = Window(10, ROOM)
    window.append(event(1))
    window.append(event(2))
    window.append(event(3, retracts="u1"))
    assert [each.position for each in follow(window, 0, {"topic:a": 0}, 10)] == [2, 3]
    assert [each.position for each in follow(window, 1, {"topic:a": 0}, 10)] == [2, 3]


def test_an_event_that_replaced_another_and_was_taken_back_does_not_bring_that_one_back() -> None:
    window = Window(10, ROOM)
    window.append(event(1, collapse_key="k"))
    window.append(event(2, collapse_key="k"))
    window.append(event(3, retracts="u2"))
    assert [each.position for each in follow(window, 0, {"topic:a": 0}, 10)] == [3]


def test_what_was_taken_back_twice_stays_so_and_is_forgotten_with_the_last_word_of_it() -> None:
    window = Window(3, ROOM)
    window.append(event(1))
    window.append(event(2, retracts="u1"))
    window.append(event(3, retracts="u1"))
    assert [each.position for each in follow(window, 0, {"topic:a": 0}, 10)] == [2, 3]
    for position in (4, 5, 6):
        window.append(event(position))
    assert window._channels["topic:a"].retracted == set()


def test_what_was_taken_back_takes_no_memory_once_it_has_left() -> None:
    window = Window(10, ROOM)
    for position in range(1, 1001):
        window.append(event(position, retracts=f"u{position - 1}" if position % 2 == 0 else ""))
    assert len(window._channels["topic:a"].retracted) == 5


def test_an_event_expires_at_its_time_and_not_before() -> None:
    window = Window(10, ROOM)
    window.append(event(1, expires_ms=NOW_MS))
    assert window.after(0, {"topic:a": 0}, 10, ME, NOW_MS - 1)[0] == [event(1, expires_ms=NOW_MS)]
    assert window.after(0, {"topic:a": 0}, 10, ME, NOW_MS) == ([], 1)


def test_a_page_of_nothing_but_expired_events_still_gets_on() -> None:
    window = Window(100, ROOM)
    for position in range(1, 21):
        window.append(event(position, expires_ms=1 if position < 20 else 0))
    assert window.after(0, {"topic:a": 0}, 5, ME, NOW_MS) == ([], 5)
    assert [each.position for each in follow(window, 0, {"topic:a": 0}, 5)] == [20]


def test_who_listens_to_nothing_is_up_to_date() -> None:
    window = Window(10, ROOM)
    window.append(event(5))
    assert window.after(0, {}, 10, ME, NOW_MS) == ([], 5)
    assert window.after(0, {"topic:quiet": 0}, 10, ME, NOW_MS) == ([], 5)


def test_one_busy_channel_does_not_hide_what_another_carried_meanwhile() -> None:
    window = Window(100, ROOM)
    for position in range(1, 21):
        window.append(event(position, "topic:b" if position % 10 == 0 else "topic:a"))
    events, reach = window.after(0, {"topic:a": 0, "topic:b": 0}, 3, ME, NOW_MS)
    assert ([each.position for each in events], reach) == ([1, 2, 3], 3)
    every = follow(window, 0, {"topic:a": 0, "topic:b": 0}, 3)
    assert [each.position for each in every] == list(range(1, 21))


def test_beginning_anew_forgets_everything() -> None:
    window = Window(10, ROOM)
    window.append(event(1, collapse_key="k"))
    window.begin(7)
    assert (len(window), window.bytes, window.start, window.newest) == (0, 0, 7, 7)
    assert window.after(7, {"topic:a": 0}, 10, ME, NOW_MS) == ([], 7)


def test_an_entry_that_no_browser_sees_moves_the_newest_position_alone() -> None:
    window = Window(10, ROOM)
    window.append(event(1))
    window.advance(2)
    assert (window.start, window.newest, len(window)) == (0, 2, 1)
    assert window.after(0, {"topic:a": 0}, 10, ME, NOW_MS) == ([event(1)], 2)
