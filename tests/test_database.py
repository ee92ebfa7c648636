"""Transactions that are written down as their steps: all of it happens, or nothing, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import EmptyPostgres, run_python

SCRIPT = """
import asyncio, sys
from app import database
from app.database import Statement

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


def rounds(*parts):
    work = database.together(*parts)
    asked, rows = 0, None
    while True:
        try:
            statement = work.send(rows)
        except StopIteration as end:
            return asked, end.value
        asked += 1
        rows = yield statement


def one(name):
    return len((yield Statement(f"SELECT 1 FROM thing WHERE name = {database.placeholders(1)}", [name])))


async def written(name):
    async with database.transaction() as connection:
        await connection.execute_query(f"INSERT INTO thing (name) VALUES ({database.placeholders(1)})", [name])
    return True


def missing():
    yield Statement("SELECT 1 FROM nowhere")


async def failing(work, perform=database.perform):
    try:
        await (perform(work) if perform else work)
    except Exception as error:
        return type(error).__name__, database.is_unavailable(error)


async def main():
    await database.connect(sys.argv[1])
    await database.connection().execute_script("CREATE TABLE thing (name VARCHAR(100) PRIMARY KEY, number BIGINT)")
    print(await database.perform(steps([("a", 1), ("it's \\"b\\" \\u20ac", None), ("c", 2**63 - 1)])))
    print(await failing(steps([("d", 4)], fail_after=True)))
    print(await failing(steps([("e", 5), ("a", 6)])))
    print(await asyncio.gather(*(database.perform(steps([(f"g{number}", number)])) for number in range(3)))
          and len(await database.connection().execute_query_dict(FIND)))
    print(len(await database.perform(steps([]))))
    together = rounds(increased("a", 6), nothing(), steps([("it's $1", 8)]), increased("g0", 7))
    asked, done = await database.perform(together)
    print(asked == (6 if database.is_sqlite() else 2), done[0], done[1], done[3], len(done[2]))
    print(await failing(database.together(increased("a", 1), steps([("a", 1)]))))
    print(await database.connection().execute_query_dict("SELECT number FROM thing WHERE name IN ('a', 'it''s $1')"))
    print(await database.perform(database.together()))
    for number in range(100):  # cut off after each number of turns: before it began, while it did, in its middle
        task = asyncio.create_task(written(f"cut {number}"))
        for _ in range(number % 20):
            await asyncio.sleep(0.0001 * (number // 20))
        task.cancel()
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        found = await database.perform(one(f"cut {number}"))
        assert found or outcome is not True, (number, outcome)
    print("nobody is in the way")
    for way in (failing(missing()), failing(database.connection().execute_query_dict("SELECT 1 FROM nowhere"), None)):
        print(await way)
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
        "True 7 0 7 7",
        "('IntegrityError', False)",
        "[{'number': 7}, {'number': 8}]",
        "[]",
        "nobody is in the way",
        "('OperationalError', False)",
        "('OperationalError', False)",
    ], done.stderr
