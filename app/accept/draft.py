"""A draft: a sender's input before it is checked. Checking is pydantic's; every field error names its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Annotated, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.auth import CUSTOMER_ID_MAX
from app.channel import TOPIC_PATTERN
from app.notification import Priority
from app.validation import Time, one_or_batch, parse_json, without_nul, wrong_field

BATCH_MAX = 1000
RECEIVERS_MAX = 1000
DATA_MAX_BYTES = 16 * 1024
SEND_AHEAD_MAX = timedelta(days=366)


def _is_finite(value: object) -> bool:
    """Whether all numbers in a JSON value are: pydantic reads NaN, orjson writes it as null."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or isfinite(value)


def compact_json(data: object) -> bytes:
    """A JSON object as it is stored and passed on.

    Raises:
        PydanticCustomError: it is not one, is over 16 KB, or holds what JSON can't write.
    """
    if not isinstance(data, dict):
        raise PydanticCustomError("data_type", "must be a JSON object")
    if not _is_finite(data):
        raise PydanticCustomError("data_number", "has a number that JSON has not: NaN, or infinity")
    try:
        text = orjson.dumps(data)
    except (TypeError, ValueError) as error:  # numbers over 64 bits, nesting over 254 levels
        raise PydanticCustomError("data_json", "can't be passed on: {reason}", {"reason": str(error)}) from None
    if len(text) > DATA_MAX_BYTES:
        raise PydanticCustomError(
            "data_too_large",
            "must be up to {limit} bytes of compact JSON, not {size}",
            {"limit": DATA_MAX_BYTES, "size": len(text)},
        )
    return text


def _within_a_year(moment: datetime) -> datetime:
    if moment - datetime.now(UTC) > SEND_AHEAD_MAX:
        raise PydanticCustomError("too_far_ahead", "must be within a year from now")
    return moment


CustomerId = Annotated[int, Field(ge=0, le=CUSTOMER_ID_MAX)]
Topic = Annotated[str, Field(pattern=f"^{TOPIC_PATTERN}$")]
Event = Annotated[str, Field(max_length=100, pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")]
SendAt = Annotated[Time, AfterValidator(_within_a_year)]
_OBJECT = WithJsonSchema({"type": "object", "description": "up to 16 KB of JSON"})
Data = Annotated[bytes, BeforeValidator(compact_json), _OBJECT]


def require_expiry_after(send_at: datetime | None, expires_at: datetime | None) -> None:
    """Checks that what expires does so after it is sent.

    Whether that is in the future is asked later: the repeat of a request may come when its time is over.

    Raises:
        PydanticCustomError: it does not; names the field.
    """
    if expires_at is not None and send_at is not None and expires_at <= send_at:
        raise wrong_field("expires_at", "expires_at", "must be after send_at")


class Draft(BaseModel):
    """One notification as a sender writes it. Exactly one of `receiver_id`, `receiver_ids` and `topic`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    receiver_id: CustomerId | None = None
    receiver_ids: Annotated[list[CustomerId], Field(min_length=1, max_length=RECEIVERS_MAX)] | None = None
    topic: Topic | None = None
    title_text: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), AfterValidator(without_nul)]
    body_text: Annotated[str, Field(max_length=4000), AfterValidator(without_nul)] = ""
    notes: Annotated[str, Field(max_length=4000), AfterValidator(without_nul)] | None = None
    event: Event = "notice"
    data: Data | None = None
    priority: Priority = "normal"
    send_at: SendAt | None = None
    expires_at: Time | None = None
    collapse_key: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(without_nul)] | None = None

    @model_validator(mode="after")
    def _one_kind_of_receiver(self) -> Self:
        given = [name for name in ("receiver_id", "receiver_ids", "topic") if getattr(self, name) is not None]
        if len(given) != 1:
            message = "give exactly one of receiver_id, receiver_ids and topic, not {given}"
            field = given[-1] if given else "receiver_id"
            raise wrong_field("receiver", field, message, given=" and ".join(given) or "none")
        return self

    @model_validator(mode="after")
    def _expires_after_it_is_sent(self) -> Self:
        require_expiry_after(self.send_at, self.expires_at)
        return self


class Batch(BaseModel):
    """Up to 1,000 drafts. All of them are accepted, or none."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    notifications: Annotated[list[Draft], Field(min_length=1, max_length=BATCH_MAX)]


BODY: TypeAdapter[Draft | Batch] = TypeAdapter(one_or_batch(Draft, Batch, "notifications"))


def parse(body: bytes) -> Draft | Batch:
    """What a request's body holds: one draft, or `{"notifications": [...]}`.

    Raises:
        InvalidJSON: it is not JSON.
        InvalidFields: fields are missing, unknown, of the wrong type or out of range; every one is named.
    """
    return parse_json(BODY, body, tagged=True)
