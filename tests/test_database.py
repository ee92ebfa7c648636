"""Transactions that are written down as their steps: all of it happens, or nothing, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import EmptyPostgres, run_python

SCRIPT = """
import asyncio, sys
from app import database
from app.steps import Statement, together

FIND = "SELECT name, number FROM thing ORDER BY name"


def steps(rows, fail_after=False):
    yield Statement(
        "INSERT INTO thing (name, number) SELECT name, number"
        f" FROM {database.given(name='text', number='bigint')} AS given",
        [database.rows(rows)],
    )
    found = yield Statement(FIND)
    if fail_after:
        raise KeyError("after the first statement")
    return [tuple(row[name] for name in ("name", "number")) for row in found]


def increased(name, by):
    before = yield Statement(f"SELECT number FROM thing WHERE name = {database.placeholders(1)}", [name])
    first, second = database.placeholders(2).split(", ")
    after = yield Statement(
        f"UPDATE thing SET number = {first} WHERE name = {second} RETURNING number", [before[0]["number"] + by, name]
    )
    return after[0]["number"]


def nothing():
    return 0
    yield


def all_of(*parts):
    return (yield from together(*(begin(*args) for begin, *args in parts)))


def one(name):
    return len((yield Statement(f"SELECT 1 FROM thing WHERE name = {database.placeholders(1)}", [name])))


async def written(name):
    async with database.transaction() as connection:
        await connection.execute_query(f"INSERT INTO thing (name) VALUES ({database.placeholders(1)})", [name])
    return True


def missing():
    yield Statement("SELECT 1 FROM nowhere")


async def failing(work):
    try:
        await work
    except Exception as error:
        return type(error).__name__, database.is_unavailable(error)


async def main():
    await database.connect(sys.argv[1])
    await database.connection().execute_script("CREATE TABLE thing (name VARCHAR(100) PRIMARY KEY, number BIGINT)")
    print(await database.perform(steps, [("a", 1), ("it's \\"b\\" \\u20ac", None), ("c", 2**63 - 1)]))
    print(await failing(database.perform(steps, [("d", 4)], fail_after=True)))
    print(await failing(database.perform(steps, [("e", 5), ("a", 6)])))
    print(await asyncio.gather(*(database.perform(steps, [(f"g{number}", number)]) for number in range(3)))
          and len(await database.connection().execute_query_dict(FIND)))
    print(len(await database.perform(steps, [])))
    parts = (increased, "a", 6), (nothing,), (steps, [("it's $1", 8)]), (increased, "g0", 7)
    done = await database.perform(all_of, *parts)
    print(done[0], done[1], done[3], len(done[2]))
    print(await failing(database.perform(all_of, (increased, "a", 1), (steps, [("a", 1)]))))
    print(await database.connection().execute_query_dict("SELECT number FROM thing WHERE name IN ('a', 'it''s $1')"))
    print(await database.perform(together))
    for number in range(100):  # cut off after each number of turns: before it began, while it did, in its middle
        task = asyncio.create_task(written(f"cut {number}"))
        for _ in range(number % 20):
            await asyncio.sleep(0.0001 * (number // 20))
        task.cancel()
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        found = await database.perform(one, f"cut {number}")
        assert found or outcome is not True, (number, outcome)
    print("nobody is in the way")
    for way in (database.perform(missing), database.connection().execute_query_dict("SELECT 1 FROM nowhere")):
        print(await failing(way))
    await database.disconnect()


asyncio.run(main())
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'database'}"
        return
    postgres = EmptyPostgres()
    yield postgres.url
    postgres.drop()


def test_all_of_a_transaction_happens_or_nothing(url: str) -> None:
    done = run_python("-c", SCRIPT, url)
    assert done.stdout.splitlines() == [
        """[('a', 1), ('c', 9223372036854775807), ('it\\'s "b" €', None)]""",
        "('KeyError', False)",
        "('IntegrityError', False)",
        "6",
        "6",
        "7 0 7 7",
        "('IntegrityError', False)",
        "[{'number': 7}, {'number': 8}]",
        "[]",
        "nobody is in the way",
        "('OperationalError', False)",
        "('OperationalError', False)",
    ], done.stderr


VISITS = """
import asyncio, sys
from app import database
from app.steps import Statement, together

visits = []


async def watched(connection):
    connection.add_query_logger(lambda asked: visits.append(asked.query.split()[0].strip(";")))


def added(*names):
    rows = yield Statement(
        f"INSERT INTO thing SELECT name FROM {database.given(name='text')} AS given"
        " ON CONFLICT DO NOTHING RETURNING name",
        [database.rows((each,) for each in names)],
        expected=[{"name": each} for each in names],
    )
    return sorted(row["name"] for row in rows)


def noted(note):
    yield Statement("INSERT INTO note VALUES ($1)", [note])


def added_and_noted(*names):
    [added_ones, _] = yield from together(added(*names), added(*(f"{each}'" for each in names)))
    yield from noted(" ".join(added_ones))
    return added_ones


def noted_twice(note):
    yield from noted(note)
    yield from noted(note)


def added_and_told(name):
    yield from added(name)
    return [row["note"] for row in (yield Statement("SELECT note FROM note ORDER BY note"))]


async def performed(*work):
    visits.clear()
    try:
        done = await database.perform(*work)
    except Exception as error:
        done = type(error).__name__
    print(done, visits)


async def main():
    database.POSTGRES_TIMEOUTS |= {"init": watched}
    await database.connect(sys.argv[1])
    for table in ("thing (name TEXT PRIMARY KEY)", "note (note TEXT UNIQUE)"):
        await database.connection().execute_script(f"CREATE TABLE {table}")
    await performed(noted, "one")
    await performed(added_and_noted, "a", "b")
    await performed(added_and_noted, "b", "c")
    await performed(added_and_noted, "d")
    await performed(added_and_noted, "d")
    await performed(noted_twice, "two")
    await performed(added_and_told, "e")
    print(await database.connection().execute_query_dict("SELECT string_agg(name, ' ' ORDER BY name) FROM thing"))
    await database.disconnect()


asyncio.run(main())
"""


@pytest.mark.postgres
def test_a_transaction_of_postgresql_is_one_visit_unless_something_is_not_as_expected() -> None:
    postgres = EmptyPostgres()
    try:
        done = run_python("-c", VISITS, postgres.url)
    finally:
        postgres.drop()
    in_steps = "'BEGIN', 'WITH', 'INSERT', 'COMMIT'"
    assert done.stdout.splitlines() == [
        "None ['INSERT']",
        "['a', 'b'] ['WITH']",
        f"['c'] ['WITH', {in_steps}]",
        "['d'] ['WITH']",
        f"[] ['WITH', {in_steps}]",
        "IntegrityError ['BEGIN', 'INSERT', 'INSERT', 'ROLLBACK']",
        "['', 'a b', 'c', 'd', 'one'] ['BEGIN', 'WITH', 'COMMIT']",
        """[{'string_agg': "a a' b b' c c' d d' e"}]""",
    ], done.stderr
