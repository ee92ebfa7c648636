"""The outbox: how many commits what was accepted takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.service import PATIENCE_SECONDS, ROOT, run_command

# In a process of its own: Tortoise ties the models to the first dialect that it sees in one.
SCRIPT = """
import asyncio, itertools, sys
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


async def accept(outbox):
    draft = Draft(topic="news", title_text="told")
    known = Known({}, {"news": Audience(0, ())})
    await outbox.accept(Request(compose([draft], "sender:shop", known, datetime.now(UTC))))


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


def test_positions_go_into_their_rows_with_the_commit_of_the_next_request(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'database'}"
    assert run_command("migrate", DATABASE_URL=url).returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.stdout.splitlines() == ["True True", "True"], done.stderr
