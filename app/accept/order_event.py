"""An order event: what a back end says of an order, before it is checked against the catalogue."""

from __future__ import annotations

import re
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.accept.draft import CustomerId, Event, SendAt, Topic, compact_json, require_expiry_after
from app.channel import ORDER_ID_MAX
from app.notification import Priority
from app.validation import Language, Time, one_or_batch, parse_json

BATCH_MAX = 1000
SEQUENCE_MAX = (1 << 31) - 1

_ORDER_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:-]{{0,{ORDER_ID_MAX - 1}}}", re.ASCII)


def _order_id(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _ORDER_ID.fullmatch(text):
        message = "must be a number, or 1 to {limit} letters, digits and . _ : -"
        raise PydanticCustomError("order_id", message, {"limit": ORDER_ID_MAX})
    return text


def _can_be_passed_on(data: dict[str, Any]) -> dict[str, Any]:
    compact_json(data)
    return data


OrderId = Annotated[str, BeforeValidator(_order_id)]
Facts = Annotated[dict[str, Any], AfterValidator(_can_be_passed_on)]


class OrderEvent(BaseModel):
    """Something that happened in an order's life (or in a warehouse)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    event: Event
    order_id: OrderId | None = None
    customer_id: CustomerId | None = None
    courier_id: CustomerId | None = None
    kitchen_id: CustomerId | None = None
    warehouse_id: CustomerId | None = None
    topic: Topic | None = None
    data: Facts = Field(default_factory=dict)
    sequence: Annotated[int, Field(ge=0, le=SEQUENCE_MAX)] = 0
    send_at: SendAt | None = None
    expires_at: Time | None = None
    priority: Priority | None = None
    language: Language | None = None

    @model_validator(mode="after")
    def _expires_after_it_is_sent(self) -> Self:
        require_expiry_after(self.send_at, self.expires_at)
        return self

    @property
    def key(self) -> str | None:
        """What makes it the same event when it comes again; None: it is of no order."""
        return None if self.order_id is None else f"{self.order_id}/{self.event}/{self.sequence}"

    @cached_property
    def sha256(self) -> str:
        """A digest of all that it says."""
        return sha256(orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def passed_on(self) -> bytes:
        """The data that its notifications carry: the event's, and the order's number."""
        return orjson.dumps(self.data if self.order_id is None else self.data | {"order_id": self.order_id})


class OrderEvents(BaseModel):
    """Up to 1,000 events, in the order in which they happened. All of them are accepted, or none."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    events: Annotated[list[OrderEvent], Field(min_length=1, max_length=BATCH_MAX)]


ORDER_EVENTS: TypeAdapter[OrderEvent | OrderEvents] = TypeAdapter(one_or_batch(OrderEvent, OrderEvents, "events"))


def parse(body: bytes) -> OrderEvent | OrderEvents:
    """What a request's body holds: one event, or `{"events": [...]}`.

    Raises:
        InvalidJSON: it is not JSON.
        InvalidFields: fields are missing, unknown, of the wrong type or out of range; every one is named.
    """
    return parse_json(ORDER_EVENTS, body, tagged=True)
