"""Preferences: what is muted, and when quiet hours end, by the customer's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.preferences import COLUMNS, DEFAULT, Preferences, QuietHours, of_columns, to_columns
from tests.support.properties import PROPERTY

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]
# The longest day has 25 hours, and quiet hours leave a minute of it.
LONGEST = timedelta(hours=25)


def quiet(start: str, end: str, time_zone: str = "UTC") -> Preferences:
    return Preferences(time_zone=time_zone, quiet_hours=QuietHours(time.fromisoformat(start), time.fromisoformat(end)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def held(preferences: Preferences, moment: str) -> datetime | None:
    return preferences.held_until(at(moment), "normal")


# -- Muting -----------------------------------------------------------------------------------------


def test_what_is_muted_is_not_pushed_but_for_high_priority() -> None:
    preferences = Preferences(muted_kinds=frozenset({"order.preparing"}))
    assert preferences.mutes("order.preparing", "low")
    assert preferences.mutes("order.preparing", "normal")
    assert not preferences.mutes("order.preparing", "high")
    assert not preferences.mutes("order.ready", "normal")


def test_who_has_said_nothing_is_told_everything_at_once() -> None:
    assert not DEFAULT.mutes("notice", "low")
    assert held(DEFAULT, "2026-01-01T03:00:00Z") is None


# -- Quiet hours ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-01-10T12:59:59.999999Z", None),
        ("2026-01-10T13:00:00Z", "2026-01-10T15:00:00Z"),
        ("2026-01-10T14:59:59.999999Z", "2026-01-10T15:00:00Z"),
        ("2026-01-10T15:00:00Z", None),
    ],
)
def test_they_begin_with_their_first_moment_and_end_before_their_last(moment: str, until: str | None) -> None:
    assert held(quiet("13:00", "15:00"), moment) == (None if until is None else at(until))


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-01-10T21:59:59Z", None),
        ("2026-01-10T22:00:00Z", "2026-01-11T07:00:00Z"),
        ("2026-01-10T23:59:59.999999Z", "2026-01-11T07:00:00Z"),
        ("2026-01-11T00:00:00Z", "2026-01-11T07:00:00Z"),
        ("2026-01-11T06:59:59Z", "2026-01-11T07:00:00Z"),
        ("2026-01-11T07:00:00Z", None),
        ("2026-12-31T23:00:00Z", "2027-01-01T07:00:00Z"),
    ],
)
def test_they_go_over_midnight(moment: str, until: str | None) -> None:
    assert held(quiet("22:00", "07:00"), moment) == (None if until is None else at(until))


def test_until_midnight_is_until_the_next_day() -> None:
    assert held(quiet("20:00", "00:00"), "2026-01-10T23:00:00Z") == at("2026-01-11T00:00:00Z")
    assert held(quiet("20:00", "00:00"), "2026-01-11T00:00:00Z") is None


def test_they_are_by_the_customers_own_clock() -> None:
    tokyo, new_york = quiet("22:00", "07:00", "Asia/Tokyo"), quiet("22:00", "07:00", "America/New_York")
    assert held(tokyo, "2026-01-10T14:00:00Z") == at("2026-01-11T07:00:00+09:00")
    assert held(tokyo, "2026-01-10T22:00:00Z") is None
    assert held(new_york, "2026-01-10T14:00:00Z") is None
    assert held(new_york, "2026-01-11T04:00:00Z") == at("2026-01-11T07:00:00-05:00")


def test_high_priority_passes_and_low_does_not() -> None:
    moment = at("2026-01-10T23:00:00Z")
    assert quiet("22:00", "07:00").held_until(moment, "high") is None
    assert quiet("22:00", "07:00").held_until(moment, "low") == at("2026-01-11T07:00:00Z")


def test_the_end_is_in_utc_like_all_times() -> None:
    until = held(quiet("22:00", "07:00", "Asia/Tokyo"), "2026-01-10T14:00:00Z")
    assert until is not None
    assert until.tzinfo is UTC


# -- When the clocks change -------------------------------------------------------------------------
# Berlin: 2026-03-29, 02:00 is followed by 03:00; 2026-10-25, 03:00 by 02:00.


def test_a_night_in_which_the_clock_is_put_forward_is_an_hour_shorter() -> None:
    berlin = quiet("22:00", "07:00", "Europe/Berlin")
    assert held(berlin, "2026-03-28T22:00:00+01:00") == at("2026-03-29T07:00:00+02:00")


def test_a_night_in_which_the_clock_is_put_back_is_an_hour_longer() -> None:
    berlin = quiet("22:00", "07:00", "Europe/Berlin")
    assert held(berlin, "2026-10-24T22:00:00+02:00") == at("2026-10-25T07:00:00+01:00")


def test_an_end_that_the_clock_leaves_out_is_over_when_the_clock_has_passed_it() -> None:
    berlin = quiet("22:00", "02:30", "Europe/Berlin")
    until = held(berlin, "2026-03-29T01:59:00+01:00")
    assert until is not None
    assert at("2026-03-29T03:00:00+02:00") <= until <= at("2026-03-29T03:30:00+02:00")
    assert held(berlin, "2026-03-29T03:00:00+02:00") is None


def test_a_beginning_that_the_clock_leaves_out_is_when_the_clock_has_passed_it() -> None:
    berlin = quiet("02:30", "05:00", "Europe/Berlin")
    assert held(berlin, "2026-03-29T01:59:59+01:00") is None
    assert held(berlin, "2026-03-29T03:00:00+02:00") == at("2026-03-29T05:00:00+02:00")


def test_an_end_that_the_clock_shows_twice_ends_them_each_time() -> None:
    berlin = quiet("22:00", "02:30", "Europe/Berlin")
    assert held(berlin, "2026-10-25T01:00:00+02:00") == at("2026-10-25T02:30:00+02:00")
    assert held(berlin, "2026-10-25T02:29:00+02:00") == at("2026-10-25T02:30:00+02:00")
    assert held(berlin, "2026-10-25T02:30:00+02:00") is None
    assert held(berlin, "2026-10-25T02:00:00+01:00") == at("2026-10-25T02:30:00+01:00")
    assert held(berlin, "2026-10-25T02:30:00+01:00") is None


def test_an_hour_that_the_clock_shows_twice_may_be_quiet_twice() -> None:
    berlin = quiet("02:15", "02:45", "Europe/Berlin")
    assert held(berlin, "2026-10-25T02:20:00+02:00") == at("2026-10-25T02:45:00+02:00")
    assert held(berlin, "2026-10-25T02:20:00+01:00") == at("2026-10-25T02:45:00+01:00")


moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31))  # noqa: DTZ001  # made aware below
minutes = st.integers(0, 24 * 60 - 1)
nightly = st.integers(0, 5 * 60)
# They leave two hours of a day: of less, a clock that is put forward may leave nothing.
lengths = st.integers(1, 22 * 60)


def quiet_hours(start: int, length: int) -> QuietHours:
    """Those that begin at a minute of the day and last so many."""
    end = (start + length) % (24 * 60)
    return QuietHours(time(start // 60, start % 60), time(end // 60, end % 60))


def _days_of_change(zone: str) -> list[datetime]:
    """The noons (UTC) of the days after which a zone's clock has changed, in a year."""
    tz, first = ZoneInfo(zone), datetime(2026, 1, 1, 12, tzinfo=UTC)
    noons = [first + timedelta(days=day) for day in range(366)]
    offsets = [noon.astimezone(tz).utcoffset() for noon in noons]
    return [noon for noon, offset, then in zip(noons, offsets, offsets[1:], strict=False) if offset != then]


CHANGES = {zone: _days_of_change(zone) for zone in ZONES if _days_of_change(zone)}


def check(preferences: Preferences, moment: datetime) -> None:
    until = preferences.held_until(moment, "normal")
    hours = preferences.quiet_hours
    assert hours is not None
    clock = moment.astimezone(ZoneInfo(preferences.time_zone)).time()
    start, end = hours
    assert (until is not None) is (start <= clock < end if start < end else not end <= clock < start)
    if until is not None:
        assert moment < until <= moment + LONGEST
        assert preferences.held_until(until, "normal") is None, "it is still quiet"


@PROPERTY
@given(moments, minutes, lengths, st.sampled_from(ZONES))
def test_they_end_in_the_future_within_a_day_and_are_over_then(
    moment: datetime, start: int, length: int, zone: str
) -> None:
    check(Preferences(time_zone=zone, quiet_hours=quiet_hours(start, length)), moment.replace(tzinfo=UTC))


@PROPERTY
@given(
    st.data(),
    st.sampled_from(sorted(CHANGES)),
    st.timedeltas(timedelta(0), timedelta(days=1)),
    st.one_of(nightly, minutes),
    lengths,
)
def test_also_in_the_nights_in_which_the_clocks_change(
    data: st.DataObject, zone: str, since: timedelta, start: int, length: int
) -> None:
    moment = data.draw(st.sampled_from(CHANGES[zone])) + since
    check(Preferences(time_zone=zone, quiet_hours=quiet_hours(start, length)), moment)


# -- In the database --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "preferences",
    [
        DEFAULT,
        Preferences("ru", "Europe/Moscow"),
        Preferences("en", "UTC", frozenset({"notice", "order.ready"})),
        quiet("00:00", "23:59", "Asia/Kathmandu"),
        Preferences("pt-BR", "UTC", frozenset({"notice"}), QuietHours(time(22), time(7, 5))),
    ],
)
def test_they_are_the_same_after_a_row_has_held_them(preferences: Preferences) -> None:
    columns = to_columns(preferences)
    assert tuple(columns) == COLUMNS
    assert of_columns(**columns) == preferences  # type: ignore[arg-type]


def test_those_who_have_said_nothing_share_one() -> None:
    assert of_columns("en", "UTC", "", None, None) is DEFAULT
