"""History: what the window no longer has, from the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app import database, row
from app import position as positions
from app.deliver.event import Event, of_entry
from app.deliver.frame import notification_entry
from app.marks import pruned_to

# How far the clocks of Redis (positions) and of a web process (rows) may be apart.
CLOCKS_APART = timedelta(seconds=0.5)

__all__ = ["is_settled", "page", "pruned_to"]

_ARM = """SELECT * FROM (
  SELECT {columns} FROM notification n
  WHERE n.channel = {channel} AND n.position > {after} AND n.position <= {up_to}
    AND {shown}
    AND NOT EXISTS (SELECT 1 FROM withheld w WHERE w.notification_id = n.uid AND w.customer_id = {customer})
  ORDER BY n.position LIMIT {limit}) AS arm"""


async def page(customer_id: int, channels: Mapping[str, int], after: int, up_to: int, limit: int) -> list[Event]:
    """The next events of some channels, in order: those with `after < position <= up_to`, at most `limit`.

    Args:
        customer_id: for whom; what is withheld from them is left out.
        channels: each with the position from which on it is listened to.
    """
    rows: list[dict[str, Any]] = []
    now = database.timestamp_parameter(datetime.now(UTC))
    for part in database.arms(channels.items()):
        arms: list[str] = []
        values: list[object] = []
        for name, listened_from in part:
            first = len(values) + 1
            channel, since, to, moment, customer, count = (
                database.placeholders(1, start=first + each) for each in range(6)
            )
            arms.append(
                _ARM.format(
                    columns=row.SELECTED,
                    channel=channel,
                    after=since,
                    up_to=to,
                    shown=row.SHOWN.format(now=moment),
                    customer=customer,
                    limit=count,
                )
            )
            values += (name, max(after, listened_from), up_to, now, customer_id, limit)
        rows += await database.connection().execute_query_dict(" UNION ALL ".join(arms), values)
    rows.sort(key=lambda each: each["position"])
    return [
        of_entry(notification_entry(row.to_notification(each))._replace(position=each["position"]))
        for each in rows[:limit]
    ]


async def is_settled(position: int) -> bool:
    """Whether the rows of all that was carried up to a position are known to hold theirs.

    What a killed process has carried and not recorded is recorded by the relay, within seconds.
    """
    moment = datetime.fromtimestamp(positions.to_ms(position) / 1000, UTC) + CLOCKS_APART
    return not await row.due(moment, moment, 1)
