"""An order's life: what its events mean, by the catalogue: who is told, in which words, and who takes part. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accept.catalogue import Catalogue, FactsInvalid, Kind
from app.accept.compose import IN_THE_FUTURE, has_expired, to_customer, to_topic
from app.accept.known import Known
from app.accept.order_event import OrderEvent
from app.accept.parties import Parties
from app.errors import FieldError, InvalidFields
from app.notification import Notification, Priority
from app.validation import ERRORS_MAX

Loc = list[str | int]


@dataclass(frozen=True, slots=True)
class Told:
    """An event that was checked: what there is to say of it, and to whom.

    Attributes:
        facts: its data, as its texts need them.
        customer_id: whose own channel it goes to; None: to `topic`.
        parties: what it says of who takes part in its order.
    """

    source: OrderEvent
    kind: Kind
    facts: Mapping[str, Any]
    customer_id: int | None
    topic: str
    parties: Parties


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of an event to one receiver: a `Message`."""

    event: str
    title_text: str
    body_text: str
    data: bytes
    priority: Priority
    send_at: datetime | None
    expires_at: datetime | None
    collapse_key: str | None
    notes: str | None = None


def check(
    events: Sequence[tuple[Loc, OrderEvent]],
    catalogue: Catalogue,
    orders: Mapping[str, Parties],
    may_send_to: Callable[[str], bool],
    now: datetime,
) -> list[Told]:
    """Checks events against the catalogue, and finds out whom they are for.

    Args:
        events: in the order in which they happened, each with its place in the request.
        orders: who takes part in the orders that are known already.

    Raises:
        InvalidFields: an event is of no kind of the catalogue, lacks data or an order, names nobody who could be told,
            or would go to a topic that `may_send_to` refuses; every one is named.
    """
    parties = dict(orders)
    checked: list[Told] = []
    errors: list[FieldError] = []
    for loc, event in events:
        kind = catalogue.kinds.get(event.event)
        if kind is None:
            errors.append({"loc": [*loc, "event"], "msg": f"{event.event} is no kind of event that the catalogue has"})
            continue
        named = Parties(event.customer_id, event.courier_id, event.kitchen_id, now if kind.ends_order else None)
        if event.order_id is not None:
            parties[event.order_id] = parties.get(event.order_id, Parties()).joined(named)
        try:
            facts = catalogue.facts(event.event, event.data)
        except FactsInvalid as error:
            errors += [{"loc": [*loc, *each["loc"]], "msg": each["msg"]} for each in error.errors]
            facts = {}
        customer_id = _receiver(kind, event, parties.get(event.order_id or "", named))
        topic = _topic(kind, event)
        errors += [{"loc": [*loc, *where], "msg": msg} for where, msg in _missing(kind, event, customer_id, topic)]
        if has_expired(event.expires_at, now):
            errors.append({"loc": [*loc, "expires_at"], "msg": IN_THE_FUTURE})
        if customer_id is None and topic and not may_send_to(topic):
            errors.append({"loc": [*loc, "topic"], "msg": f"The token does not cover the topic {topic}."})
        checked.append(Told(event, kind, facts, customer_id, topic, named))
    if errors:
        raise InvalidFields(errors[:ERRORS_MAX])
    return checked


def compose(
    told: Told, loc: Loc, catalogue: Catalogue, sender_id: str, known: Known, now: datetime
) -> list[Notification]:
    """The notifications of an event.

    Raises:
        InvalidFields: its words are too many for a notification.
    """
    if told.customer_id is None:
        said = _said(told, loc, catalogue, told.source.language or "", "UTC", now)
        return to_topic(said, sender_id, told.topic, known.audiences[told.topic], now)
    preferences = known.preferences[told.customer_id]
    said = _said(told, loc, catalogue, preferences.language, preferences.time_zone, now)
    return [to_customer(said, sender_id, told.customer_id, preferences, now)]


def _said(told: Told, loc: Loc, catalogue: Catalogue, language: str, time_zone: str, now: datetime) -> Said:
    event, kind = told.source, told.kind
    read_at = max(now, event.send_at or now)  # "today" is then
    try:
        text = catalogue.text(kind.event, told.facts, event.order_id, language, time_zone, read_at)
    except FactsInvalid as error:
        raise InvalidFields([{"loc": [*loc, *each["loc"]], "msg": each["msg"]} for each in error.errors]) from None
    return Said(
        event=kind.event,
        title_text=text.title_text,
        body_text=text.body_text,
        data=event.passed_on,
        priority=event.priority or kind.priority,
        send_at=event.send_at,
        expires_at=event.expires_at,
        collapse_key=f"{event.order_id}:{kind.event}"[:100] if kind.collapses and event.order_id else None,
    )


def _receiver(kind: Kind, event: OrderEvent, parties: Parties) -> int | None:
    if kind.to == "customer":
        return parties.customer_id if event.customer_id is None else event.customer_id
    if kind.to == "courier":
        return parties.courier_id if event.courier_id is None else event.courier_id
    if kind.to == "kitchen":
        return parties.kitchen_id if event.kitchen_id is None else event.kitchen_id
    return event.warehouse_id if kind.to == "warehouse" else None


def _topic(kind: Kind, event: OrderEvent) -> str:
    """Where it goes if nobody is named: the company's own people follow the kinds of events by their names."""
    if kind.to == "topic":
        return event.topic or ""
    return "" if kind.to == "customer" else kind.event


def _missing(kind: Kind, event: OrderEvent, customer_id: int | None, topic: str) -> list[tuple[Loc, str]]:
    missing: list[tuple[Loc, str]] = []
    if event.order_id is None and (kind.to in {"customer", "courier", "kitchen"} or kind.ends_order):
        missing.append((["order_id"], f"{kind.event} needs it"))
    if kind.to == "customer" and customer_id is None:
        missing.append((["customer_id"], "is needed: no earlier event of the order has named its customer"))
    if kind.to == "topic" and not topic:
        missing.append((["topic"], f"{kind.event} needs it"))
    if kind.to != "topic" and event.topic is not None:
        missing.append((["topic"], f"{kind.event} goes to the order's {kind.to}, not to a topic"))
    return missing
