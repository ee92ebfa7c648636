"""A deployment's database as tables: the numbers are the service's own, and nothing is written."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("pandas", reason="the extra `lab` is not installed")

from app import database as service_database
from app.sdk import BadParameter, SdkError
from app.sdk.lab import database as sdk_database
from app.sdk.lab import statements
from app.sdk.lab.database import Database, NoDatabase, NothingSent, OtherSchema, last_hours
from app.sdk.lab.demo import AWAY, Day, played_day
from tests.support.service import EmptyPostgres, Production, migrated_database

WITHIN = timedelta(hours=2)


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    with played_day() as day:
        yield day


@pytest.fixture
def period(day: Day) -> tuple[datetime, datetime]:
    return last_hours(24, day.until)


def file_of(day: Day) -> Path:
    return Path(day.database_url.removeprefix("sqlite://"))


def an_empty_one(folder: Path) -> str:
    file = folder / "getnotified.sqlite3"
    file.write_bytes(migrated_database())
    return f"sqlite://{file}"


# -- The played day ---------------------------------------------------------------------------------


def test_tables_by_kind_by_hour_and_by_both_add_up_to_the_same(day: Day, period: tuple[datetime, datetime]) -> None:
    database = Database(day.database_url)
    counted = ["sent", "receivers", "carried", "received", "read", "muted", "expired"]
    by_kind, by_hour, by_both = (
        table(*period)[counted].sum().to_dict()
        for table in (database.by_kind, database.by_hour, database.by_kind_and_hour)
    )
    assert by_kind == by_hour == by_both
    assert by_kind["sent"] == 2218
    assert by_kind["muted"] > 0
    assert by_kind["expired"] > 0
    assert by_kind["read"] == database.read_after(*period)["count"].sum()


def test_every_hour_has_a_row_also_where_nothing_was_sent(day: Day, period: tuple[datetime, datetime]) -> None:
    by_hour = Database(day.database_url).by_hour(*period)
    assert len(by_hour) == 24
    assert by_hour["sent"].iloc[0] == 0
    assert by_hour["sent"].idxmax() == 19


def test_who_never_opens_the_app_is_not_reached_and_nobody_else(day: Day, period: tuple[datetime, datetime]) -> None:
    database = Database(day.database_url)
    count, worst = database.not_reached(*period, WITHIN)
    assert count == len(AWAY)
    assert set(worst["customer_id"]) == AWAY
    assert worst["sent"].is_monotonic_decreasing
    assert database.customers(*period, WITHIN) == 81  # of 82 people, one kitchen has no order


def test_what_arrived_late_did_not_arrive_within_the_time(day: Day, period: tuple[datetime, datetime]) -> None:
    database = Database(day.database_url)
    soon, ever = (
        database.reached_by_kind(*period, within)["reached"].sum() for within in (WITHIN, timedelta(hours=24))
    )
    assert soon < ever <= database.by_kind(*period)["received"].sum()


def test_what_has_not_had_the_time_yet_is_not_counted(day: Day, period: tuple[datetime, datetime]) -> None:
    database = Database(day.database_url)
    assert database.customers(*period, timedelta(days=90)) == 0
    assert len(database.reached_by_kind(*period, timedelta(days=90))) == 0
    assert database.not_reached(*period, timedelta(days=90))[0] == 0


def test_topics_are_counted_by_whom_they_were_for(day: Day, period: tuple[datetime, datetime]) -> None:
    by_topic = Database(day.database_url).by_topic(*period)
    notices = Database(day.database_url).by_kind(*period).set_index("event").loc["notice"]
    assert list(by_topic["topic"]) == ["news.en", "news.ru"]
    assert by_topic["receivers"].sum() == notices["receivers"]
    assert by_topic["received"].sum() == notices["received"]
    assert by_topic["read"].sum() == notices["read"]


def test_nothing_is_written(day: Day, period: tuple[datetime, datetime]) -> None:
    before = hashlib.sha256(file_of(day).read_bytes()).digest()
    database = Database(day.database_url)
    database.by_hour(*period)
    with pytest.raises(NoDatabase, match="readonly"):
        database._ask("DELETE FROM tally")
    assert hashlib.sha256(file_of(day).read_bytes()).digest() == before


def test_single_notifications_are_looked_for_in_the_period_alone(day: Day, period: tuple[datetime, datetime]) -> None:
    """A range of an index: what was sent in other months costs nothing."""
    bounds = sdk_database._with_time(*period, WITHIN)
    with closing(sqlite3.connect(file_of(day))) as connection:
        for query in (statements.REACHED_BY_KIND, statements.NOT_REACHED, statements.BY_TOPIC):
            text = query.format(received_second=statements.SECOND["sqlite"], **bounds)
            plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
            assert any(step.startswith("SEARCH n ") and "position>? AND position<?" in step for step in plan), plan
            assert not [step for step in plan if step.startswith(("SCAN n", "SCAN r", "SCAN w"))], plan


# -- PostgreSQL --------------------------------------------------------------------------------------


async def test_postgres_says_the_same(production: Production, me: int, topic: str) -> None:
    begin = datetime.now(UTC)
    await production.send(3, receiver_id=me, event="sdk.database")
    assert len(await production.inbox(me)) == 3  # which waits until it is recorded, and counted, that they were carried
    database = Database(production.database.url)
    since, until = last_hours(1)
    kinds = database.by_kind(since - timedelta(hours=1), until).set_index("event")
    assert kinds.loc["sdk.database", "receivers"] >= 3
    assert database.by_hour(since, until)["sent"].sum() >= 3 or begin.hour != datetime.now(UTC).hour
    # All queries are of both dialects; nothing has had an hour yet, or all of it has.
    for within in (timedelta(hours=1), timedelta(milliseconds=1)):
        database.reached_by_kind(since, until, within)
        database.not_reached(since, until, within)
        database.customers(since, until, within)
    database.by_topic(since, until)
    database.read_after(since, until)
    with pytest.raises(Exception, match="read-only transaction"):
        database._ask("DELETE FROM tally")


@pytest.mark.postgres
def test_a_postgres_without_tables_says_so() -> None:
    empty = EmptyPostgres()
    try:
        with pytest.raises(OtherSchema, match="has no tables of getnotified"):
            Database(empty.url)
    finally:
        empty.drop()


# -- One sentence each -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:////nowhere/getnotified.sqlite3", "there is no such file"),
        ("mysql://db/name", "an address begins with postgres://"),
        ("postgres://analyst:secret@127.0.0.1:1/name", "refused|Connect call failed|connect"),
        ("postgres://analyst:secret@127.0.0.1:port/name", "port"),
    ],
)
def test_what_is_no_database_is_told_in_a_sentence_without_a_password(url: str, reason: str) -> None:
    with pytest.raises(NoDatabase, match=reason) as raised:
        Database(url)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, SdkError)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("This is no database, but it is long enough to look into. " * 20)
    with pytest.raises(NoDatabase, match="file is not a database"):
        Database(f"sqlite://{path}")


def test_a_database_of_something_else_says_so(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    sqlite3.connect(path).close()
    path.touch()
    with pytest.raises(OtherSchema, match="has no tables of getnotified"):
        Database(f"sqlite://{path}")


def test_a_schema_of_another_release_says_which(tmp_path: Path) -> None:
    url = an_empty_one(tmp_path)
    with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as connection, connection:
        connection.execute("INSERT INTO aerich (version, app, content) VALUES ('9_later.py', 'sqlite', '{}')")
    with pytest.raises(OtherSchema, match="is at migration 9_later, and this client reads"):
        Database(url)


def test_nothing_sent_says_when_anything_was(tmp_path: Path, day: Day) -> None:
    since, until = last_hours(1, day.until)
    with pytest.raises(NothingSent, match="; the last was at 2") as raised:
        Database(day.database_url).by_kind(since, until)
    assert raised.value.last is not None
    with pytest.raises(NothingSent, match="nothing ever was"):
        Database(an_empty_one(tmp_path)).by_hour(since, until)


@pytest.mark.parametrize("hours", [0, -1, 24.5, True, "24", 10_000])
def test_hours_out_of_range_are_refused(hours: int) -> None:
    with pytest.raises(BadParameter, match="must be a whole number from 1 to 8,784"):
        last_hours(hours)


def test_a_period_is_of_whole_hours() -> None:
    moment = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    assert last_hours(2, moment) == (moment.replace(hour=17, minute=0), moment.replace(hour=19, minute=0))
    full = moment.replace(minute=0)
    assert last_hours(1, full) == (full - timedelta(hours=1), full)
    with pytest.raises(BadParameter, match="must have a time zone"):
        last_hours(1, moment.replace(tzinfo=None))


def test_without_an_address_it_is_the_environments(day: Day, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", day.database_url)
    assert Database().name == day.database_url
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DATA_DIR", str(file_of(day).parent))
    assert Database().name == day.database_url
    monkeypatch.setenv("PORT", "many")
    with pytest.raises(NoDatabase, match="PORT"):
        Database()
    assert os.environ["PORT"] == "many"
    assert service_database.dialect(day.database_url) == "sqlite"
