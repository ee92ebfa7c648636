"""Marks: how far back the database's history reaches, and which run of Redis its newest positions are of."""

from __future__ import annotations

from app import database
from app.models import Marks
from app.steps import Statement

THE_ROW = 1


async def begin_run(run: str, now: int) -> None:
    """Notes a new run of Redis: from here on, no position of an earlier run gets into a row.

    Args:
        now: a position of this moment; in a new database nothing can have happened before it.
    """
    await database.connection().execute_query(
        f"INSERT INTO marks (id, pruned_to, log_run) VALUES ({database.placeholders(3)})"
        " ON CONFLICT (id) DO UPDATE SET log_run = excluded.log_run",
        [THE_ROW, now, run],
    )


def is_present_run(run: str, start: int) -> Statement:
    """The condition that a run of Redis is the present one; if it is, it stays so until the transaction ends.

    Args:
        start: the number of its first parameter.
    """
    # SQLite has one writer at a time anyway.
    lock = "" if database.is_sqlite() else " FOR SHARE"
    the_row, log_run = database.placeholders(2, start).split(", ")
    return Statement(f"EXISTS (SELECT 1 FROM marks WHERE id = {the_row} AND log_run = {log_run}{lock})", [THE_ROW, run])


async def pruned_to() -> int:
    """The position up to which (and with which) notifications may be gone. Read it after the rows, not before."""
    position: int = (await Marks.get(id=THE_ROW)).pruned_to
    return position
