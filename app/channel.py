"""A channel: an address that a notification is sent to and that connections listen to.

`customer:42` is one customer's own; `topic:order.created` is everyone's who listens to that topic.
"""

from __future__ import annotations

import re

# Letters of any case, so that a topic stays readable in a URL, in Redis and in a log line without quoting.
TOPIC_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}"
_TOPIC = re.compile(TOPIC_PATTERN, re.ASCII)

ORDER = "order:"  # `order:1001` is the topic of that order: its customer, its courier and its kitchen
ORDER_ID_MAX = 100 - len(ORDER)


def of_customer(customer_id: int) -> str:
    return f"customer:{customer_id}"


def of_topic(topic: str) -> str:
    return f"topic:{topic}"


def topic_of_order(order_id: str) -> str:
    return ORDER + order_id


def order_id(topic: str) -> str | None:
    """The order whose topic it is, if it is one."""
    return topic.removeprefix(ORDER) if topic.startswith(ORDER) else None


def is_topic(text: str) -> bool:
    """Whether `text` can be a topic's name."""
    return _TOPIC.fullmatch(text) is not None


def receiver_id(channel: str) -> int | None:
    """The customer whose own channel it is, if it is one."""
    kind, _, name = channel.partition(":")
    return int(name) if kind == "customer" else None


def topic(channel: str) -> str | None:
    """The topic whose channel it is, if it is one."""
    kind, _, name = channel.partition(":")
    return name if kind == "topic" else None
