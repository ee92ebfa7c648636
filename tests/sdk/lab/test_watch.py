"""A watch: what apps have shown, against what they should have shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.sdk import BadParameter, Connected, Deployment, Disconnected, Notification, Retract, Sender, Synced
from app.sdk.calls import Sent
from app.sdk.events import Event
from app.sdk.lab.watch import Expected, Screen, Watch
from tests.support.service import Dev
from tests.support.shared import Shared

pytest.importorskip("pandas", reason="the extra `lab` is not installed")

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)
ANNA, BORIS = 41, 42


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def notification(uid: str, position: int, seconds: float = 0, replayed: bool = False) -> Notification:
    return Notification(
        position=f"{position}-0",
        uid=uid,
        event="notice",
        title_text=f"Title {uid}",
        body_text="",
        notes=None,
        data=None,
        priority="normal",
        sender_id="sender:shop",
        receiver_id=ANNA,
        topic=None,
        date_sent=NOON,
        expires_at=None,
        collapse_key=None,
        received_at=at(seconds),
        replayed=replayed,
    )


def sent(uid: str, receiver_id: int | None = ANNA) -> Sent:
    return Sent(uid, "1-0", "notice", receiver_id, None, NOON, None, None)


def screen(*events: Event, expected: str = "") -> Screen:
    return Screen(ANNA, events=list(events), expected={uid: Expected(sent(uid), None) for uid in expected})


def two_apps() -> Watch:
    return Watch(Deployment("http://127.0.0.1:1", "k" * 32), {"Anna": ANNA, "Boris": BORIS}, within_seconds=0)


# -- One app ----------------------------------------------------------------------------------------


def test_what_is_as_it_should_be_has_no_faults() -> None:
    seen = screen(notification("a", 1), notification("b", 2), expected="ab")
    assert seen.tally() == {
        "expected": 2,
        "seen": 2,
        "missing": 0,
        "twice": 0,
        "out of order": 0,
        "meant for others": 0,
    }


def test_each_fault_is_counted_by_itself() -> None:
    seen = screen(
        notification("a", 2), notification("b", 1), notification("b", 3), notification("x", 4), expected="abc"
    )
    assert seen.tally() == {
        "expected": 3,
        "seen": 2,
        "missing": 1,
        "twice": 1,
        "out of order": 1,
        "meant for others": 1,
    }


def test_order_is_that_of_numbers_not_of_letters() -> None:
    assert screen(notification("a", 9), notification("b", 10)).tally()["out of order"] == 0


def test_a_connection_lasts_until_the_last_thing_that_came() -> None:
    first, second = screen(
        Connected(at(0)),
        Synced("1-0", 0, None, at(0.1)),
        notification("a", 2, 3),
        Disconnected("silent for too long", 1, at(9)),
        Disconnected("nobody listens there", 1, at(10)),
        Connected(at(11)),
        notification("b", 3, 11.5, replayed=True),
        Synced("3-0", 1, None, at(12)),
    ).connections
    assert (first.first_at, first.last_at, first.is_open) == (at(0), at(3), False)
    assert (second.replayed, second.synced_at, second.is_open) == (1, at(12), True)


def test_an_app_is_up_to_date_after_a_moment_when_it_was_live_since() -> None:
    seen = screen(Connected(at(0)), Synced("1-0", 0, None, at(1)), Disconnected("", 0, at(2)), Connected(at(3)))
    assert seen.live_after(at(0)) == at(1)
    assert seen.live_after(at(2)) is None


def test_an_app_is_opened_again_after_the_last_event_that_it_has_shown() -> None:
    assert screen().last_event_id == ""
    assert screen(notification("a", 7), Disconnected("", 0, at(2))).last_event_id == "7-0"


# -- Several ----------------------------------------------------------------------------------------


def test_those_to_whom_it_was_sent_should_see_it_unless_others_are_named() -> None:
    watch = two_apps()
    watch.expect([sent("a"), sent("b", BORIS), sent("c", 99)])
    watch.expect([sent("t", None)], "Anna", "Boris", what="an offer")
    assert list(watch.screens["Anna"].expected) == ["a", "t"]
    assert list(watch.screens["Boris"].expected) == ["b", "t"]
    assert watch.screens["Boris"].expected["t"].what == "an offer"


def test_nobody_of_that_name_is_said() -> None:
    with pytest.raises(BadParameter, match="name='Clara' must be one of Anna, Boris"):
        two_apps().expect([sent("a")], "Clara")


def test_the_table_tells_who_saw_what_and_who_never_did() -> None:
    watch = two_apps()
    watch.expect([sent("a")], "Anna", "Boris")
    watch.screens["Anna"].events.append(notification("a", 1, 0.004))
    table = watch.table().reset_index()
    assert list(table.itertuples(index=False, name=None)) == [
        ("Anna", "Title a", "12:00:00.000", "4 ms"),
        ("Boris", "notice", "12:00:00.000", "never"),
    ]
    assert watch.table([sent("b")]).empty


def test_absences_tell_what_was_missed_and_how_soon_it_was_there() -> None:
    watch = two_apps()
    watch.screens["Anna"].events += [Connected(at(0)), Disconnected("", 0, at(1)), Connected(at(3))]
    watch.screens["Anna"].events += [notification("a", 1, 3.1, replayed=True), Synced("1-0", 1, None, at(3.2))]
    table = watch.absences().reset_index()
    assert list(table.itertuples(index=False, name=None)) == [("Anna", "3 s", 1, "200 ms")]


def test_latencies_are_of_what_should_arrive_alone() -> None:
    watch = two_apps()
    watch.expect([sent("a"), sent("b")])
    watch.screens["Anna"].events += [notification(uid, 1, 0.004) for uid in "abx"]
    assert watch.latencies_ms(but=[sent("b")]) == [4]


def test_what_was_taken_back_is_known_by_screen() -> None:
    watch = two_apps()
    watch.screens["Boris"].events.append(Retract("2-0", "a", at(1)))
    assert watch.retracted("a") == {"Boris": at(1)}


# -- A real service ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service(shared: Shared) -> Iterator[Deployment]:
    dev = shared.take(Dev)
    yield Deployment(dev.url, dev.tokens._secret_key)
    shared.give_back(dev)


@pytest.fixture
def sender(service: Deployment) -> Iterator[Sender]:
    with service.sender("shop") as sender:
        yield sender


def test_an_app_that_is_closed_and_opened_again_has_everything_once(
    service: Deployment, sender: Sender, me: int, other: int
) -> None:
    with Watch(service, {"Anna": me, "Boris": other}) as watch:
        watch.open("Anna")
        watch.open("Boris")
        watch.expect(sender.send(receiver_id=me, title_text="at once"))
        watch.wait()
        last_event_id = watch.shut("Anna")
        watch.expect(sender.send(receiver_id=me, title_text="missed"))
        shut_at = datetime.now(UTC)
        watch.open("Anna", last_event_id=last_event_id)
        watch.wait_live(shut_at, "Anna")
        assert [each.replayed for each in watch.screens["Anna"].shown] == [False, True]
        tally = watch.tally()
    assert tally.loc["Anna"].to_dict() | {"expected": 2, "seen": 2, "missing": 0} == tally.loc["Anna"].to_dict()
    assert tally.loc["Boris"].sum() == 0
    assert watch.shut("Anna") == watch.screens["Anna"].last_event_id, "closed already"
