"""Pruning: forgets notifications that are older than the service promises to keep them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app import channel, database, tally
from app import position as positions
from app.models import IdempotencyKey, Marks, NotificationRow, Order, Subscription, Tally
from app.tally import TOGETHER, hour_of

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 3600.0
# Rows of one transaction, with their receipts: senders wait for it no longer than for a commit of their own.
DELETE_MAX = 500
# Days after which an order of which nothing more was heard is over: else, where a back end never says so, a kitchen
# would listen to the topics of all its orders for ever.
ORDER_DAYS = 7
# A process whose clock is behind still counts in the hour that has just ended.
CLOCKS_APART = timedelta(minutes=5)


async def prune_forever(retention_days: int, is_active: Callable[[], bool]) -> None:
    """Prunes once an hour, where `is_active` (one process of all)."""
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            if is_active():
                await prune(datetime.now(UTC) - timedelta(days=retention_days))
                await put_together(hour_of(datetime.now(UTC) - CLOCKS_APART))
                await prune_orders(datetime.now(UTC) - timedelta(days=ORDER_DAYS))
        except Exception as error:
            if not database.is_unavailable(error):
                raise
            logger.warning("Pruning waits: %r", error, extra={"action": "prune_waits"})


async def prune(before: datetime) -> int:
    """Deletes what was carried before a time; returns how many notifications that were.

    The mark is moved first, then rows go: who finds rows missing finds the mark (`marks.pruned_to`).
    """
    await Tally.filter(hour__lt=hour_of(before)).delete()
    # What was taken back before it was carried has no position. `+`: SQLite would look through all that has none.
    first, second = database.placeholders(2).split(", ")
    await database.connection().execute_query(
        f"DELETE FROM notification WHERE +position IS NULL AND date_sent < {first} AND date_retracted < {second}",
        [database.timestamp_parameter(before)] * 2,
    )
    limit = positions.from_ms(int(before.timestamp() * 1000))
    newest = await NotificationRow.filter(position__lt=limit).order_by("-position").first().values_list("position")
    if newest is None:
        return 0
    (pruned_to,) = newest
    await Marks.filter(pruned_to__lt=pruned_to).update(pruned_to=pruned_to)
    started, pruned = time.monotonic(), 0
    while uids := await NotificationRow.filter(position__lte=pruned_to).limit(DELETE_MAX).values_list("uid", flat=True):
        pruned += await NotificationRow.filter(uid__in=list(uids)).delete()
    await IdempotencyKey.filter(date_sent__lt=before).delete()
    seconds = round(time.monotonic() - started, 1)
    logger.info("Pruned old notifications.", extra={"action": "pruned", "count": pruned, "seconds": seconds})
    return pruned


async def prune_orders(before: datetime) -> None:
    """Forgets orders of which nothing was heard since a time, with their members' subscriptions if they never ended."""
    while order_ids := await Order.filter(date_changed__lt=before).limit(DELETE_MAX).values_list("order_id", flat=True):
        topics = [channel.topic_of_order(str(order_id)) for order_id in order_ids]
        await Subscription.filter(topic__in=topics).delete()
        await Order.filter(order_id__in=list(order_ids)).delete()


async def put_together(before_hour: int) -> None:
    """Puts the tallies of hours that are over, which each process keeps for itself, into one for a kind and hour."""
    keys = await Tally.filter(hour__lt=before_hour).exclude(shard=TOGETHER).distinct().values_list("hour", "event")
    for hour, event in keys:
        await database.perform(tally.put_together, tally.Key(hour, event))
