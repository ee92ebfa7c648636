"""The outbox: how many commits what was accepted takes, and that all is stored as it is, whatever fails or is rare."""

from __future__ import annotations

from tests.support.service import run_python

SCRIPT = """
import asyncio, itertools, sys
from dataclasses import replace
from datetime import UTC, datetime
from app import database, marks
from app.accept.compose import compose
from app.accept.draft import Draft
from app.accept.known import Audience, Known
from app.accept.outbox import Outbox, Request
from app.entry import Carried

RUN, REQUESTS = "run", 20
commits = 0
positions = itertools.count(1 << 60)


async def carry(notifications, changes):
    return Carried(RUN, [next(positions) for _ in notifications])


async def counting(*work, perform=database.perform):
    global commits
    commits += 1
    return await perform(*work)


async def recorded():
    rows = await database.connection().execute_query_dict(
        "SELECT COUNT(*) AS number FROM notification WHERE position IS NOT NULL"
    )
    return rows[0]["number"]


async def accept(outbox, **changed):
    draft = Draft(topic="news", title_text="told")
    known = Known({}, {"news": Audience(0, ())})
    composed = compose([draft], "sender:shop", known, datetime.now(UTC))
    await outbox.accept(Request([replace(each, **changed) for each in composed]))


async def main():
    await marks.begin_run(RUN, 0)
    outbox = Outbox(carry, lambda: 0, 1000)
    running = asyncio.create_task(outbox.run())
    for _ in range(REQUESTS):
        await accept(outbox)
        for _ in range(10):  # turns that pass until a sender has its answer and says more
            await asyncio.sleep(0)
    await outbox.settled()
    print(commits <= REQUESTS + 1, await recorded() == REQUESTS)
    await accept(outbox)
    await outbox.idle()
    print(await recorded() == REQUESTS + 1)
    # Requests that can't be stored, beside positions that wait; nothing comes after them.
    await accept(outbox)
    outcomes = await asyncio.gather(*(accept(outbox, event=None) for _ in range(2)), return_exceptions=True)
    print([type(each).__name__ for each in outcomes])
    async with asyncio.timeout(5):
        await outbox.idle()
    print(await recorded() == REQUESTS + 2)
    running.cancel()


async def connected():
    await database.connect(sys.argv[1])
    database.perform = counting
    try:
        await main()
    finally:
        await database.disconnect()


asyncio.run(connected())
"""


RARE = """
import asyncio, itertools, sys
from datetime import UTC, datetime
from app import database, marks, tally
from app.accept.claims import Claim
from app.accept.compose import compose
from app.accept.draft import Draft
from app.accept.known import Audience, Known
from app.accept.outbox import Outbox, Request
from app.entry import Carried
from app.position import from_ms

run = "first"
positions = itertools.count(from_ms(int(datetime.now(UTC).timestamp() * 1000)))
may_carry = asyncio.Event()


async def carry(notifications, changes):
    await may_carry.wait()
    return Carried(run, [next(positions) for _ in notifications])


def composed(text):
    known = Known({}, {"news": Audience(7, ())})
    return compose([Draft(topic="news", title_text=text)], "sender:shop", known, datetime.now(UTC))


async def accept(outbox, text, key=None):
    notifications = composed(text)
    claims = [Claim("sender:shop", key, "", tuple(each.uid for each in notifications))] if key else []
    try:
        [accepted] = await outbox.accept(Request(notifications, claims))
    except Exception as error:
        return type(error).__name__
    return accepted.uid


async def told(outbox):
    await outbox.idle()
    connection = database.connection()
    rows = await connection.execute_query_dict("SELECT title_text, position FROM notification ORDER BY title_text")
    print({row["title_text"]: row["position"] is not None for row in rows})
    rows = await connection.execute_query_dict("SELECT * FROM tally")
    tallies = [tally.of_row(row) for row in rows]
    carried = sum(sum(tally.counts_of(each.carried)) for each in tallies)
    rows_an_hour = len(rows) / len({row["hour"] for row in rows})
    print(carried, "carried to", sum(each.receivers for each in tallies), "with", rows_an_hour)


async def main():
    global run
    await marks.begin_run(run, 0)
    outbox = Outbox(carry, lambda: 0, 1000)
    running = asyncio.create_task(outbox.run())
    may_carry.set()
    await accept(outbox, "a", key="1")
    await told(outbox)
    asked = (accept(outbox, text, key) for text, key in [("b", "2"), ("c", "2"), ("d", "1"), ("e", None)])
    print([each if each == "ClaimTaken" else "" for each in await asyncio.gather(*asked)])
    await told(outbox)
    # One of two is taken back by another process, between the log and its row.
    may_carry.clear()
    both = asyncio.gather(accept(outbox, "f"), accept(outbox, "g"))
    taken_back = 0
    while not taken_back:
        taken_back = (await database.connection().execute_query(
            f"UPDATE notification SET date_retracted = date_sent WHERE title_text = 'f'"
        ))[0]
    may_carry.set()
    await both
    await told(outbox)
    # Another process begins a new run of Redis, when this one has given positions of the old.
    await marks.begin_run("second", 0)
    await accept(outbox, "h")
    await told(outbox)
    run = "second"
    await accept(outbox, "i", key="3")
    await told(outbox)
    running.cancel()


async def connected():
    await database.connect(sys.argv[1])
    try:
        await main()
    finally:
        await database.disconnect()


asyncio.run(connected())
"""


def test_positions_go_into_their_rows_with_the_next_request_s_commit_and_none_waits_for_ever(migrated_url: str) -> None:
    done = run_python("-c", SCRIPT, migrated_url)
    assert done.stdout.splitlines() == ["True True", "True", "['IntegrityError', 'IntegrityError']", "True"], (
        done.stderr
    )


def test_what_is_not_as_expected_is_stored_and_counted_as_it_is(migrated_url: str) -> None:
    done = run_python("-c", RARE, migrated_url)
    assert done.stdout.splitlines() == [
        "{'a': True}",
        "1 carried to 7 with 1.0",
        "['', 'ClaimTaken', 'ClaimTaken', '']",
        "{'a': True, 'b': True, 'e': True}",
        "3 carried to 21 with 1.0",
        "{'a': True, 'b': True, 'e': True, 'f': False, 'g': True}",
        "4 carried to 28 with 1.0",
        "{'a': True, 'b': True, 'e': True, 'f': False, 'g': True, 'h': False}",
        "4 carried to 28 with 1.0",
        "{'a': True, 'b': True, 'e': True, 'f': False, 'g': True, 'h': False, 'i': True}",
        "5 carried to 35 with 1.0",
    ], done.stderr
