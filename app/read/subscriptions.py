"""Subscriptions: a customer's standing interest in topics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tortoise.expressions import Q

from app import channel, database
from app.models import Customer, Order, Subscription


async def of_customer(customer_id: int) -> dict[str, int]:
    """The customer's topics, each with the position at which it was subscribed to."""
    return (await of_customers([customer_id])).get(customer_id, {})


async def of_customers(customer_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The topics of several customers; those who have none are left out."""
    found: dict[int, dict[str, int]] = {}
    rows = await database.connection().execute_query_dict(
        f"SELECT s.customer_id, s.topic, s.position FROM {database.given(customer_id='bigint')} AS given"
        " CROSS JOIN subscription s WHERE s.customer_id = given.customer_id",
        [database.rows((each,) for each in customer_ids)],
    )
    for row in rows:
        found.setdefault(row["customer_id"], {})[row["topic"]] = row["position"]
    return found


async def channels(customer_id: int, allows: Callable[[str], bool]) -> dict[str, int]:
    """The customer's own channel and those of the topics, each with the position from which on it is theirs.

    Args:
        allows: whether the customer's token leaves a topic open.
    """
    topics = await of_customer(customer_id)
    followed = {channel.of_topic(topic): position for topic, position in topics.items() if allows(topic)}
    return {channel.of_customer(customer_id): 0} | followed


async def is_member(customer_id: int, topic: str) -> bool:
    """Whether a topic is that of an order that has not ended and of which this is customer, courier or kitchen."""
    order_id = channel.order_id(topic)
    if order_id is None:
        return False
    member = Q(customer_id=customer_id) | Q(courier_id=customer_id) | Q(kitchen_id=customer_id)
    return await Order.filter(member, order_id=order_id, date_ended=None).exists()


async def subscribe(customer_id: int, topic: str, position: int) -> tuple[int, bool]:
    """Subscribes from `position` on; returns the position that holds, and whether the subscription is new."""
    async with database.transaction():
        await Customer.bulk_create([Customer(id=customer_id)], ignore_conflicts=True)
        subscription, created = await Subscription.get_or_create(
            customer_id=customer_id, topic=topic, defaults={"position": position}
        )
    return subscription.position, created


async def begin_at(customer_id: int, topic: str, position: int) -> None:
    """Moves the beginning of a subscription to where open connections have heard of it."""
    await Subscription.filter(customer_id=customer_id, topic=topic).update(position=position)


async def unsubscribe(customer_id: int, topic: str) -> None:
    """Ends a subscription, if there is one."""
    await Subscription.filter(customer_id=customer_id, topic=topic).delete()
