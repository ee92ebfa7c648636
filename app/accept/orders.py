"""Orders: who takes part in them. Members are subscribed to the order's topic until it ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from app import channel, database
from app.accept.parties import Parties
from app.entry import SubscriptionChange
from app.models import Order, Subscription
from app.steps import Statement, Steps

# Of one query: SQLite takes up to 32,766 parameters.
ASK_MAX = 5_000
COLUMNS = ("customer_id", "courier_id", "kitchen_id", "date_ended")


async def find(order_ids: Collection[str]) -> dict[str, Parties]:
    """The parties of those of these orders that are known."""
    found: dict[str, Parties] = {}
    ordered = sorted(order_ids)
    for start in range(0, len(ordered), ASK_MAX):
        query = Order.filter(order_id__in=ordered[start : start + ASK_MAX])
        found |= {order_id: Parties(*parties) for order_id, *parties in await query.values_list("order_id", *COLUMNS)}
    return found


def write(changes: Sequence[tuple[str, Parties]], now: datetime, newest: int) -> Steps[list[SubscriptionChange]]:
    """Writes down what events say of who takes part in orders, in the order of the events.

    Args:
        newest: the position from which on new members hear the order's topic.

    Returns:
        The subscriptions that come and go with it; every web process is to be told of them.
    """
    before = yield from _find_locked({order_id for order_id, _ in changes})
    after: dict[str, Parties] = {}
    for order_id, later in changes:
        after[order_id] = after.get(order_id, before.get(order_id, Parties())).joined(later)
    moment = database.timestamp_text(now)
    rows = [
        (order_id, *parties[:3], moment, None if parties.date_ended is None else moment)
        for order_id, parties in sorted(after.items())
        if parties != before.get(order_id)
    ]
    if rows:
        yield Statement(_upsert(), [database.rows(rows)])
    return (yield from _subscribe(before, after, newest))


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


def _find_locked(order_ids: Collection[str]) -> Steps[dict[str, Parties]]:
    """The parties of orders, locked for the transaction."""
    # Sorted and locked: two processes that change the same orders do it one after the other.
    lock = "" if database.is_sqlite() else " ORDER BY o.order_id FOR UPDATE OF o"
    rows = yield Statement(
        f"SELECT o.order_id, {', '.join(f'o.{column}' for column in COLUMNS)}"
        f" FROM {database.given(order_id='text')} AS given CROSS JOIN orders o WHERE o.order_id = given.order_id{lock}",
        [database.rows((order_id,) for order_id in order_ids)],
    )
    return {
        row["order_id"]: Parties(
            row["customer_id"],
            row["courier_id"],
            row["kitchen_id"],
            None if row["date_ended"] is None else database.timestamp_value(row["date_ended"]),
        )
        for row in rows
    }


def _subscribe(before: dict[str, Parties], after: dict[str, Parties], newest: int) -> Steps[list[SubscriptionChange]]:
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
        rows = yield Statement(
            f"SELECT s.customer_id, s.topic FROM {database.given(topic='text')} AS given"
            " CROSS JOIN subscription s WHERE s.topic = given.topic",
            [database.rows((topic,) for topic in ended)],
        )
        left = sorted({*left, *(SubscriptionChange(row["customer_id"], row["topic"], False) for row in rows)})
    if begun:
        given = database.given(customer_id="bigint", topic="text", position="bigint")
        yield Statement(
            "INSERT INTO subscription (customer_id, topic, position)"
            f" SELECT customer_id, topic, position FROM {given} AS given WHERE TRUE"
            " ON CONFLICT (customer_id, topic) DO NOTHING",
            [database.rows((who, topic, newest) for who, topic, _ in begun)],
        )
    if left:
        given = database.given(customer_id="bigint", topic="text")
        yield Statement(
            f"DELETE FROM subscription WHERE (customer_id, topic) IN (SELECT customer_id, topic FROM {given} AS given)",
            [database.rows((who, topic) for who, topic, _ in left)],
        )
    return begun + left


def _upsert() -> str:
    given = database.given(
        order_id="text",
        customer_id="bigint",
        courier_id="bigint",
        kitchen_id="bigint",
        date_changed="timestamptz",
        date_ended="timestamptz",
    )
    columns = "order_id, customer_id, courier_id, kitchen_id, date_changed, date_ended"
    # What is not known before and is there all the same was written meanwhile, by another process.
    return (
        f"INSERT INTO orders ({columns}) SELECT {columns} FROM {given} AS given WHERE TRUE"
        " ON CONFLICT (order_id) DO UPDATE SET"
        " customer_id = COALESCE(excluded.customer_id, orders.customer_id),"
        " courier_id = COALESCE(excluded.courier_id, orders.courier_id),"
        " kitchen_id = COALESCE(excluded.kitchen_id, orders.kitchen_id),"
        " date_changed = excluded.date_changed,"
        " date_ended = COALESCE(orders.date_ended, excluded.date_ended)"
    )
