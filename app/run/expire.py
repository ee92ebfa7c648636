"""Expiry: notes, once, for how many customers a notification expired before they had received it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from app import database, tally
from app.models import NotificationRow
from app.tally import Key, Tally

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
# Of one transaction: senders wait for it no longer than for a commit of their own.
EXPIRE_MAX = 500


async def expire_forever(is_active: Callable[[], bool]) -> None:
    """Looks once a second, where `is_active` (one process of all)."""
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            while is_active() and await expire(datetime.now(UTC)) == EXPIRE_MAX:
                pass
        except Exception as error:
            if not database.is_unavailable(error):
                raise
            logger.warning("Expiry waits: %r", error, extra={"action": "expire_waits"})


async def expire(now: datetime) -> int:
    """Counts what has expired by now and was not counted yet; returns how many notifications that were."""
    expired = NotificationRow.filter(expires_at__lte=now, date_expired=None, date_retracted=None, copy_of=None)
    # In the order of the index of what expires, so that PostgreSQL goes by it.
    expired = expired.order_by("expires_at")
    if await expired.first().values_list("uid") is None:
        return 0
    async with database.transaction() as connection:
        query = expired.using_db(connection).limit(EXPIRE_MAX)
        # What another process is writing has time until the next look: nobody waits for each other.
        query = query if database.is_sqlite() else query.select_for_update(skip_locked=True)
        uids = [str(uid) for uid in await query.values_list("uid", flat=True)]
        if not uids:
            return 0
        moment, known = database.placeholders(1), database.placeholders(len(uids), start=2)
        rows = await connection.execute_query_dict(
            f"UPDATE notification SET date_expired = {moment} WHERE uid IN ({known}) AND date_expired IS NULL"
            " RETURNING event, date_sent, receivers,"
            " (SELECT COUNT(*) FROM receipt r WHERE r.notification_id = notification.uid)"
            " + (SELECT COUNT(*) FROM withheld w JOIN receipt r ON r.notification_id = w.copy_uid"
            " WHERE w.notification_id = notification.uid) AS received",
            [database.timestamp_parameter(now), *uids],
        )
        tallies: tally.Tallies = {}
        for row in rows:
            key = Key(tally.hour_of(database.timestamp_value(row["date_sent"])), row["event"])
            tally.add_to(tallies, key, Tally(expired=max(0, row["receivers"] - row["received"])))
        await database.follow(connection, tally.add(tallies))
    return len(uids)
