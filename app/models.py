"""The tables. `migrations/` makes them; a test holds that both dialects' migrations give this schema."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


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

    class Meta:
        table = "customer"


class NotificationRow(Model):
    """A notification's row. Without a position it is outbox: accepted, and not known to be carried yet."""

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
    expires_at = fields.DatetimeField(null=True)
    collapse_key = fields.CharField(100, null=True)

    class Meta:
        table = "notification"
        # Replay and inbox read one channel's rows in the order of the log; collapsing looks for a newer one.
        indexes = (("channel", "position"), ("channel", "collapse_key", "position"))


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
