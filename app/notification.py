"""The value that travels: frozen once accepted, the same in every leg of the journey."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, get_args

Priority = Literal["low", "normal", "high"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


class Withheld(NamedTuple):
    """A customer to whom a notification is not pushed, because of their preferences.

    It is in their inbox, marked as muted; or a copy for them alone, released when their quiet hours end, stands for it.
    """

    customer_id: int
    copy_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """What a sender said to one channel.

    Attributes:
        uid: a UUID (version 7: it sorts by the time of acceptance); the same wherever the notification is seen.
        sender_id: the `sub` of the sender's token, `sender:shop`.
        channel: where it goes, see `app.channel`.
        event: the kind of event, `notice` or `order.ready`.
        title_text: 1 to 200 characters.
        body_text: up to 4,000 characters.
        notes: the sender's remark, shown to the receiver as well.
        data: a JSON object as compact text (up to 16 KB), passed on as it is.
        priority: `low`, `normal` or `high`.
        date_sent: when it was accepted (UTC).
        send_at: when the sender wants it carried (UTC); None: at once.
        release_at: when it will be (UTC), later than `send_at` if that falls into quiet hours; None: at once.
        expires_at: not shown after this time (UTC); None: never expires.
        collapse_key: of those with the same key in a channel, replay shows the newest only.
        receivers: how many customers it is for: one, or those who were subscribed to the topic when it was accepted.
        withheld: of these, those to whom it is not pushed.
        copy_of: the uid of a topic's notification, for which this one stands with one customer alone.
        retracts: the uid of the notification that this one takes back; it says nothing else.
    """

    uid: str
    sender_id: str
    channel: str
    event: str
    title_text: str
    body_text: str
    notes: str | None
    data: bytes | None
    priority: Priority
    date_sent: datetime
    send_at: datetime | None = None
    release_at: datetime | None = None
    expires_at: datetime | None = None
    collapse_key: str | None = None
    receivers: int = 1
    withheld: tuple[Withheld, ...] = ()
    copy_of: str | None = None
    retracts: str | None = None
