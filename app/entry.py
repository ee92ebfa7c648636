"""An entry: what the log carries to every web process, in the one order that all agree on."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import orjson

from app import channel


class Kind(StrEnum):
    """What an entry tells: the SSE `event` that browsers see, but for the last three, which are for web processes."""

    NOTIFICATION = "notification"
    RECEIPT = "receipt"
    RETRACT = "retract"
    SUBSCRIPTION = "subscription"
    CUSTOMER = "customer"  # who a customer is, or how they want to be told, has changed
    UNKNOWN = "unknown"  # what a later release tells, while it is deployed: it is passed over

    @classmethod
    def _missing_(cls, value: object) -> Kind:  # noqa: ARG003  # whatever it is
        return cls.UNKNOWN


class Entry(NamedTuple):
    """One entry of the log.

    Attributes:
        channel: whose connections are told.
        kind: see `Kind`.
        frame: its SSE form but for the `id:` line, so that it is encoded once for all; of a `SUBSCRIPTION`, see below.
        uid: of the notification or retraction; the log carries a uid once only. Empty for all else.
        expires_ms: Unix time after which it is not shown; 0: never expires.
        collapse_key: of those with the same key in a channel, replay shows the newest only; empty: none.
        withheld: customers of the channel to whom it is not pushed.
        retracts: the uid of a notification that is taken back; the log does not carry that one any more. Empty: none.
        position: its place, given by the log; 0 until then.
    """

    channel: str
    kind: Kind
    frame: bytes
    uid: str = ""
    expires_ms: int = 0
    collapse_key: str = ""
    withheld: tuple[int, ...] = ()
    retracts: str = ""
    position: int = 0


class Carried(NamedTuple):
    """What the log says of a batch: the positions of its entries, and the run of Redis in which they hold.

    When Redis comes back without what it had, a position of an earlier run that is in no row yet is void.
    """

    run: str
    positions: list[int]


class SubscriptionChange(NamedTuple):
    """What a `SUBSCRIPTION` entry tells every web process: a customer has begun or ceased to follow a topic."""

    customer_id: int
    topic: str
    subscribed: bool

    def to_entry(self) -> Entry:
        return Entry(channel.of_customer(self.customer_id), Kind.SUBSCRIPTION, orjson.dumps(tuple(self)))

    @classmethod
    def of_entry(cls, entry: Entry) -> SubscriptionChange:
        return cls(*orjson.loads(entry.frame))


def customer_entry(customer_id: int) -> Entry:
    """The entry that tells every web process to forget what it knows of a customer."""
    return Entry(channel.of_customer(customer_id), Kind.CUSTOMER, b"")
