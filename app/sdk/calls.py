"""All that can be asked of the service, by role: senders, customers, operators. Shapes and limits: `/docs`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx

from app.dto import (
    CatalogueDTO,
    CustomerDTO,
    HoursReport,
    InboxPage,
    NotificationReport,
    PreferencesDTO,
    PreviewedNotification,
    SubscriptionDTO,
    UnreadDTO,
)
from app.sdk.call import Call, checked_text
from app.sdk.errors import BadParameter

T = TypeVar("T")

_DURATION = re.compile(r"\b(commit|carry);dur=([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Sent:
    """An accepted notification.

    Attributes:
        position: its place in the log; None: it will be carried later.
        receiver_id, topic: whom it is for; one of them is None.
        date_sent: when it was accepted, by the service's clock.
        commit_ms: from then until it was durable; None: an earlier request with the same key did it.
        carry_ms: from then until the log had it; None: it was not carried yet.
    """

    uid: str
    position: str | None
    event: str
    receiver_id: int | None
    topic: str | None
    date_sent: datetime
    commit_ms: float | None
    carry_ms: float | None


# -- Senders ----------------------------------------------------------------------------------------


def send(*, title_text: str, idempotency_key: str | None = None, **fields: Any) -> Call[list[Sent]]:
    """Sends a notification; one `Sent` for each receiver.

    Args:
        title_text: 1 to 200 characters.
        idempotency_key: the same again sends nothing and gets the same answer; None: one of its own.
        fields: exactly one of `receiver_id`, `receiver_ids` and `topic`; `body_text`, `notes`, `event`, `data`,
            `priority`, `send_at`, `expires_at` (aware datetimes), `collapse_key`.
    """
    return _post("/notifications", {"title_text": title_text, **fields}, idempotency_key)


def send_many(notifications: Iterable[Mapping[str, Any]], idempotency_key: str | None = None) -> Call[list[Sent]]:
    """Sends up to 1,000 in one request, all of them or none; each with the fields of `send`."""
    return _post("/notifications", {"notifications": _items("notifications", notifications)}, idempotency_key)


def order_event(event: str, order_id: str | int | None = None, **fields: Any) -> Call[list[Sent]]:
    """Says what happened to an order; the notifications that come of it.

    Args:
        event: of the catalogue: `order.out_for_delivery`.
        fields: `customer_id`, `courier_id`, `kitchen_id`, `warehouse_id`, `topic`, `data`, `sequence`, `send_at`,
            `expires_at`, `priority`, `language`.
    """
    return _post("/order-events", {"event": event, "order_id": order_id, **fields}, None)


def order_events(events: Iterable[Mapping[str, Any]]) -> Call[list[Sent]]:
    """The same for up to 1,000 events in one request, all of them or none."""
    return _post("/order-events", {"events": _items("events", events)}, None)


def preview(*, title_text: str, **fields: Any) -> Call[list[PreviewedNotification]]:
    """Who would get what, in which words and when; nothing is sent. Fields as in `send`."""
    return _dry_run("/notifications", {"title_text": title_text, **fields})


def preview_order_event(
    event: str, order_id: str | int | None = None, **fields: Any
) -> Call[list[PreviewedNotification]]:
    """The same for an order event."""
    return _dry_run("/order-events", {"event": event, "order_id": order_id, **fields})


def retract(uid: str | Sent) -> Call[bool]:
    """Takes a notification back. False: it will be so in a moment."""
    return Call("DELETE", f"/notifications/{_uid(uid)}", lambda response: response.status_code == 204)


def put_customer(customer_id: int, **fields: str) -> Call[CustomerDTO]:
    """Tells who a customer is: `first_name`, `middle_name`, `last_name`, `email`, `phone`, `login`, `language`,
    `time_zone`."""
    return Call("PUT", f"/customers/{int(customer_id)}", _json, json=fields)


def customer(customer_id: int) -> Call[CustomerDTO]:
    return Call("GET", f"/customers/{int(customer_id)}", _json)


def catalogue() -> Call[CatalogueDTO]:
    """The kinds of order events, and the languages."""
    return Call("GET", "/catalogue", _json)


def report(uid: str | Sent) -> Call[NotificationReport]:
    """What became of one notification; a sender's own."""
    return Call("GET", f"/notifications/{_uid(uid)}/report", _json)


def reports(event: str | None = None, begin: datetime | None = None, end: datetime | None = None) -> Call[HoursReport]:
    """What became of all of them, by kind of event and hour: of one kind or all, of the last 24 hours or a period."""
    return Call("GET", "/reports", _json, params={"event": event, "from": _moment(begin), "to": _moment(end)})


# -- Customers --------------------------------------------------------------------------------------


def inbox(unread: bool = False, limit: int = 50, before: str | None = None) -> Call[InboxPage]:
    """What a customer was sent, newest first; `before` is the `next` of the page before."""
    query = {"unread": str(unread).lower(), "limit": limit, "before": before}
    return Call("GET", "/inbox", _json, params=query)


def mark_received(uids: Collection[str]) -> Call[UnreadDTO]:
    return Call("POST", "/receipts", _json, json={"received": _listed(uids)})


def mark_read(uids: Collection[str] = (), up_to: str | None = None) -> Call[UnreadDTO]:
    """Some as read, or all up to a position."""
    return Call("POST", "/receipts", _json, json={"read": _listed(uids)} | ({"read_up_to": up_to} if up_to else {}))


def subscriptions() -> Call[list[SubscriptionDTO]]:
    return Call("GET", "/subscriptions", lambda response: response.json()["subscriptions"])


def subscribe(topic: str) -> Call[SubscriptionDTO]:
    """From now on, and on streams that are open."""
    return Call("PUT", f"/subscriptions/{quote(topic, safe='')}", _json)


def unsubscribe(topic: str) -> Call[None]:
    return Call("DELETE", f"/subscriptions/{quote(topic, safe='')}", lambda _: None)


def preferences() -> Call[PreferencesDTO]:
    return Call("GET", "/preferences", _json)


def set_preferences(
    language: str | None = None,
    time_zone: str | None = None,
    muted_kinds: Sequence[str] | None = None,
    quiet_hours: Mapping[str, str] | None = None,
) -> Call[PreferencesDTO]:
    """Says how a customer wants to be told; what is not given goes back to its default.

    Args:
        quiet_hours: `{"from": "22:00", "to": "07:00"}`, by the customer's own clock.
    """
    given = {"language": language, "time_zone": time_zone, "muted_kinds": muted_kinds, "quiet_hours": quiet_hours}
    return Call("PUT", "/preferences", _json, json={name: value for name, value in given.items() if value is not None})


# -- Operators --------------------------------------------------------------------------------------


def stats() -> Call[dict[str, float]]:
    """The figures of one web process: what `/metrics` has, by name."""
    return Call("GET", "/stats", _json)


def _post(path: str, body: Mapping[str, Any], key: str | None) -> Call[list[Sent]]:
    headers = {
        "Idempotency-Key": checked_text("idempotency_key", key or str(uuid4()))
    }  # so that a request without an answer can be repeated
    return Call("POST", path, _sent, json=_plain(body), headers=headers)


def _dry_run(path: str, body: Mapping[str, Any]) -> Call[list[PreviewedNotification]]:
    return Call("POST", path, lambda response: response.json()["notifications"], _plain(body), {"dry_run": "1"})


def _sent(response: httpx.Response) -> list[Sent]:
    took = {name: float(ms) for name, ms in _DURATION.findall(response.headers.get("Server-Timing", ""))}
    return [
        Sent(
            each["uid"],
            each["position"],
            each["event"],
            each.get("receiver_id"),
            each.get("topic"),
            datetime.fromisoformat(each["date_sent"]),
            took.get("commit"),
            took.get("carry"),
        )
        for each in response.json()["notifications"]
    ]


def _json(response: httpx.Response) -> Any:
    return response.json()


def _plain(value: Any) -> Any:
    """A value for JSON: without what is missing, moments as RFC 3339 has them, numbers of pandas as ours."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if not _is_missing(each)}
    if isinstance(value, list | tuple | Set):
        return [_plain(each) for each in value]
    return _moment(value) if isinstance(value, datetime) else value


def _is_missing(value: Any) -> bool:
    """Whether it is None, or NaN as a table has it where there is nothing."""
    return value is None or (isinstance(value, float) and isnan(value))


def _items(name: str, items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The items of a batch; those of a table are its rows.

    Raises:
        BadParameter: they are no mappings.
    """
    rows = items.to_dict("records") if hasattr(items, "to_dict") else items
    is_list = isinstance(rows, Iterable) and not isinstance(rows, Mapping | str)
    listed: list[Any] = list(rows) if is_list else [None]
    if not all(isinstance(each, Mapping) for each in listed):
        raise BadParameter(name, items, "be a list of dicts, or a table with a row for each")
    return listed


def _listed(uids: Collection[str]) -> list[str]:
    return [uids] if isinstance(uids, str) else [_uid(uid) for uid in uids]


def _uid(what: str | Sent) -> str:
    """The uid of a notification, for a path; of one that was sent or received as well.

    Raises:
        BadParameter: it has none.
    """
    uid = getattr(what, "uid", what)
    if not isinstance(uid, str):
        raise BadParameter("uid", what, "be the uid of a notification")
    return quote(uid, safe="")


def _moment(value: datetime | None) -> str | None:
    """Raises:
    BadParameter: it has no time zone.
    """
    if value is None:
        return None
    if value.tzinfo is None:
        raise BadParameter("time", value.isoformat(" "), "have a time zone: datetime.now(UTC), not datetime.now()")
    return value.isoformat()
