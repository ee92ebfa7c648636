"""The outbox: how many commits what was accepted takes, and that positions get into their rows whatever fails."""

from __future__ import annotations

from pathlib import Path

from tests.support.service import run_command, run_python

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


async def counting(steps, perform=database.perform):
    global commits
    commits += 1
    return await perform(steps)


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


def test_positions_go_into_their_rows_with_the_next_request_s_commit_and_none_waits_for_ever(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'database'}"
    assert run_command("migrate", DATABASE_URL=url).returncode == 0
    done = run_python("-c", SCRIPT, url)
    assert done.stdout.splitlines() == ["True True", "True", "['IntegrityError', 'IntegrityError']", "True"], (
        done.stderr
    )
