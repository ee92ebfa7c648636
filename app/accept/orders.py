"""Orders: who takes part in them. Members are subscribed to the order's topic until it ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from tortoise import BaseDBAsyncClient

from app import channel, database
from app.accept.parties import Parties
from app.entry import SubscriptionChange
from app.models import Order, Subscription

# Of one query: SQLite takes up to 32,766 parameters.
ASK_MAX = 5_000
COLUMNS = ("customer_id", "courier_id", "kitchen_id", "date_ended")


async def find(order_ids: Collection[str], connection: BaseDBAsyncClient | None = None) -> dict[str, Parties]:
    """The parties of those of these orders that are known. With a connection, locked for its transaction."""
    found: dict[str, Parties] = {}
    ordered = sorted(order_ids)
    for start in range(0, len(ordered), ASK_MAX):
        query = Order.filter(order_id__in=ordered[start : start + ASK_MAX]).order_by("order_id")
        if connection is not None:
            # Sorted and locked: two processes that change the same orders do it one after the other.
            query = (query if database.is_sqlite() else query.select_for_update()).using_db(connection)
        found |= {order_id: Parties(*parties) for order_id, *parties in await query.values_list("order_id", *COLUMNS)}
    return found


async def write(
    connection: BaseDBAsyncClient, changes: Sequence[tuple[str, Parties]], now: datetime, newest: int
) -> list[SubscriptionChange]:
    """Writes down what events say of who takes part in orders, in the order of the events.

    Args:
        newest: the position from which on new members hear the order's topic.

    Returns:
        The subscriptions that come and go with it; every web process is to be told of them.
    """
    order_ids = {order_id for order_id, _ in changes}
    before = await find(order_ids, connection)
    after: dict[str, Parties] = {}
    for order_id, later in changes:
        after[order_id] = after.get(order_id, before.get(order_id, Parties())).joined(later)
    moment = database.timestamp_parameter(now)
    values = [
        [order_id, *parties[:3], moment, None if parties.date_ended is None else moment]
        for order_id, parties in sorted(after.items())
        if parties != before.get(order_id)
    ]
    if values:
        await connection.execute_many(_upsert(), values)
    return await _subscribe(connection, before, after, newest)


async def present(order_ids: Collection[str]) -> list[SubscriptionChange]:
    """Who hears the topics of these orders now, and who took part in those that have ended and hears them no more."""
    topics = [channel.topic_of_order(order_id) for order_id in order_ids]
    changes: list[SubscriptionChange] = []
    for start in range(0, len(topics), ASK_MAX):
        rows = Subscription.filter(topic__in=topics[start : start + ASK_MAX])
        changes += [
            SubscriptionChange(who, topic, True) for who, topic in await rows.values_list("customer_id", "topic")
        ]
    for order_id, parties in (await find(order_ids)).items():
        if parties.date_ended is not None:
            topic = channel.topic_of_order(order_id)
            changes += [SubscriptionChange(who, topic, False) for who in parties[:3] if who is not None]
    return changes


async def _subscribe(
    connection: BaseDBAsyncClient, before: dict[str, Parties], after: dict[str, Parties], newest: int
) -> list[SubscriptionChange]:
    begun: list[SubscriptionChange] = []
    left: list[SubscriptionChange] = []
    ended: list[str] = []
    for order_id, parties in sorted(after.items()):
        topic = channel.topic_of_order(order_id)
        were = before.get(order_id, Parties())
        begun += [SubscriptionChange(each, topic, True) for each in sorted(parties.members - were.members)]
        left += [SubscriptionChange(each, topic, False) for each in sorted(were.members - parties.members)]
        if parties.date_ended is not None and were.date_ended is None:
            ended.append(topic)
    if ended:  # for whomever else the token let subscribe, too
        rows = await Subscription.filter(topic__in=ended).using_db(connection).values_list("customer_id", "topic")
        left = sorted({*left, *(SubscriptionChange(who, topic, False) for who, topic in rows)})
    if begun:
        await connection.execute_many(
            f"INSERT INTO subscription (customer_id, topic, position) VALUES ({database.placeholders(3)})"
            " ON CONFLICT (customer_id, topic) DO NOTHING",
            [[who, topic, newest] for who, topic, _ in begun],
        )
    if left:
        first, second = database.placeholders(1), database.placeholders(1, start=2)
        statement = f"DELETE FROM subscription WHERE customer_id = {first} AND topic = {second}"
        await connection.execute_many(statement, [[who, topic] for who, topic, _ in left])
    return begun + left


def _upsert() -> str:
    # What is not known before and is there all the same was written meanwhile, by another process.
    return (
        "INSERT INTO orders (order_id, customer_id, courier_id, kitchen_id, date_changed, date_ended)"
        f" VALUES ({database.placeholders(6)}) ON CONFLICT (order_id) DO UPDATE SET"
        " customer_id = COALESCE(excluded.customer_id, orders.customer_id),"
        " courier_id = COALESCE(excluded.courier_id, orders.courier_id),"
        " kitchen_id = COALESCE(excluded.kitchen_id, orders.kitchen_id),"
        " date_changed = excluded.date_changed,"
        " date_ended = COALESCE(orders.date_ended, excluded.date_ended)"
    )
