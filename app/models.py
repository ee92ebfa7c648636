"""The tables. `migrations/` makes them; a test holds that both dialects' migrations give this schema."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class PartialIndex(Index):
    """An index of some rows only. (Tortoise's own knows no condition but `column = value`.)"""

    def __init__(self, *, name: str, fields: tuple[str, ...] | list[str], where: str) -> None:
        super().__init__(fields=fields, name=name)
        self.where = where
        self.extra = f" WHERE {where}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        path, args, options = super().deconstruct()
        return path, args, options | {"where": self.where}


class Customer(Model):
    """Who receives notifications. One that a sender names before anyone told us of it is made with defaults."""

    id = fields.BigIntField(primary_key=True, generated=False)
    first_name = fields.CharField(100, default="")
    middle_name = fields.CharField(100, default="")
    last_name = fields.CharField(100, default="")
    email = fields.CharField(254, default="")
    phone = fields.CharField(32, default="")
    login = fields.CharField(100, default="")
    language = fields.CharField(35, default="en")
    time_zone = fields.CharField(64, default="UTC")
    muted_kinds = fields.TextField(db_default="")  # with commas between, as kinds of event have none
    quiet_from = fields.CharField(5, null=True)  # `22:00`, by the customer's own clock; both or none
    quiet_to = fields.CharField(5, null=True)

    class Meta:
        table = "customer"


class NotificationRow(Model):
    """A notification's row. Without a position it is outbox: accepted, and not known to be carried yet.

    What takes a notification back is a row too, with `retracts`: it is carried, placed and replayed as all others are.
    """

    uid = fields.UUIDField(primary_key=True)
    position = fields.BigIntField(null=True, unique=True)
    channel = fields.CharField(120)
    receiver: fields.ForeignKeyNullableRelation[Customer] = fields.ForeignKeyField(
        Customer, related_name="notifications", null=True, on_delete=fields.RESTRICT
    )
    sender_id = fields.CharField(120)
    event = fields.CharField(100)
    title_text = fields.CharField(200)
    body_text = fields.TextField()
    notes = fields.TextField(null=True)
    data = fields.TextField(null=True)
    priority = fields.CharField(6)
    date_sent = fields.DatetimeField()
    send_at = fields.DatetimeField(null=True)
    release_at = fields.DatetimeField(null=True)  # when the relay carries it; later than `send_at`: quiet hours
    expires_at = fields.DatetimeField(null=True)
    collapse_key = fields.CharField(100, null=True)
    receivers = fields.IntField(db_default=1)
    copy_of = fields.UUIDField(null=True)
    retracts = fields.UUIDField(null=True)
    date_retracted = fields.DatetimeField(null=True)
    date_expired = fields.DatetimeField(null=True)  # when it was tallied that it has

    class Meta:
        table = "notification"
        indexes = (
            # Each row comes into an index of channels at a place of its own, which is a page to be written. So a row
            # is in them when it has to be: in that of its position once it has one.
            # Replay and inbox read one channel's rows in the order of the log; collapsing looks for a newer one.
            PartialIndex(name="notification_placed", fields=("channel", "position"), where="position IS NOT NULL"),
            PartialIndex(
                name="notification_collapsing",
                fields=("channel", "collapse_key", "position"),
                where="collapse_key IS NOT NULL",
            ),
            # What a channel is still to be sent: few rows, whatever has been carried. With the position, though none of
            # them has one: SQLite would rather look through all that has none.
            PartialIndex(
                name="notification_waiting",
                fields=("channel", "position", "release_at"),
                where="position IS NULL AND date_retracted IS NULL",
            ),
            # The relay looks for what is due ten times a second, however much has been carried.
            PartialIndex(
                name="notification_outbox",
                fields=("release_at", "date_sent"),
                where="position IS NULL AND date_retracted IS NULL",
            ),
            # What expires is counted once, when it has. Most never do.
            PartialIndex(
                name="notification_expiring",
                fields=("expires_at",),
                where="expires_at IS NOT NULL AND date_expired IS NULL",
            ),
            # Reports count what few notifications ever are.
            PartialIndex(name="notification_retracted", fields=("date_sent",), where="date_retracted IS NOT NULL"),
        )


class Withheld(Model):
    """A customer to whom a notification is not pushed, because of their preferences.

    It stays in the inbox, marked as muted; or (quiet hours, of what was sent to a topic) a copy for this customer alone
    takes its place and is released when they end.
    """

    id = fields.BigIntField(primary_key=True)
    notification: fields.ForeignKeyRelation[NotificationRow] = fields.ForeignKeyField(
        NotificationRow, related_name="withheld", on_delete=fields.CASCADE
    )
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        Customer, related_name="withheld", on_delete=fields.CASCADE
    )
    copy_uid = fields.UUIDField(null=True)

    class Meta:
        table = "withheld"
        unique_together = (("notification", "customer"),)


class Order(Model):
    """Who takes part in an order, and thereby hears its topic until it has ended."""

    order_id = fields.CharField(94, primary_key=True)  # a topic has 100 characters, `order:` has six
    customer_id = fields.BigIntField(null=True)
    courier_id = fields.BigIntField(null=True)
    kitchen_id = fields.BigIntField(null=True)
    date_changed = fields.DatetimeField(db_index=True)
    date_ended = fields.DatetimeField(null=True)

    class Meta:
        table = "orders"  # ORDER is a word of SQL


class Tally(Model):
    """What became of the notifications of one kind that were accepted in one hour (see `app.tally`)."""

    id = fields.BigIntField(primary_key=True)
    hour = fields.IntField()  # since 1970
    event = fields.CharField(100)
    shard = fields.IntField()
    receivers = fields.BigIntField()
    muted = fields.BigIntField()
    held = fields.BigIntField()
    expired = fields.BigIntField()
    carried = fields.BinaryField()
    received = fields.BinaryField()
    read = fields.BinaryField()

    class Meta:
        table = "tally"
        unique_together = (("hour", "event", "shard"),)


class Receipt(Model):
    """What one customer did with one notification, and when the service was told."""

    id = fields.BigIntField(primary_key=True)
    notification: fields.ForeignKeyRelation[NotificationRow] = fields.ForeignKeyField(
        NotificationRow, related_name="receipts", on_delete=fields.CASCADE
    )
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        Customer, related_name="receipts", on_delete=fields.CASCADE
    )
    date_received = fields.DatetimeField()
    date_read = fields.DatetimeField(null=True)

    class Meta:
        table = "receipt"
        unique_together = (("notification", "customer"),)


class Subscription(Model):
    """A customer's standing interest in a topic, from the position at which it was made."""

    id = fields.BigIntField(primary_key=True)
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        Customer, related_name="subscriptions", on_delete=fields.CASCADE
    )
    topic = fields.CharField(100)
    position = fields.BigIntField()

    class Meta:
        table = "subscription"
        unique_together = (("customer", "topic"),)
        indexes = (("topic",),)  # who is told of what is sent to it


class IdempotencyKey(Model):
    """A request that was accepted under a sender's key: the same key again gets the same notifications."""

    id = fields.BigIntField(primary_key=True)
    sender_id = fields.CharField(120)
    key = fields.CharField(255)
    body_sha256 = fields.CharField(64)
    uids = fields.TextField()  # of the request's notifications, in their order, with commas between
    date_sent = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency_key"
        unique_together = (("sender_id", "key"),)


class Marks(Model):
    """One row: the position up to which (and with which) notifications have been pruned, and Redis's present run."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    pruned_to = fields.BigIntField()
    log_run = fields.CharField(64)

    class Meta:
        table = "marks"
