"""Checks bodies and queries with pydantic, and says what is wrong with them in our own way."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from app.errors import FieldError, InvalidFields, InvalidJSON

# What a person mends before the next try; a body of 100,000 wrong fields is not answered with as many errors.
ERRORS_MAX = 100

Checked = TypeVar("Checked")


def _time_zone(name: str) -> str:
    if name not in _TIME_ZONES:
        raise PydanticCustomError(
            "time_zone", "{name} is not an IANA time zone such as Europe/Berlin", {"name": repr(name[:64])}
        )
    return name


_TIME_ZONES = available_timezones()

# pydantic also takes numbers of seconds for times.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _in_utc(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and _RFC_3339.fullmatch(value):
            value = datetime.fromisoformat(value.upper())
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ValueError
        return value.astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or not between the years 1 and 9999 in UTC
        message = "must be a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339)"
        raise PydanticCustomError("time", message) from None


# BCP 47 (RFC 5646 § 2.1), as far as languages of notifications go: `en`, `pt-BR`, `zh-Hant-TW`.
Language = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Time = Annotated[AwareDatetime, BeforeValidator(_in_utc)]


def one_or_batch(one: type[BaseModel], batch: type[BaseModel], field: str) -> Any:
    """The type of a body that holds one thing, or several in the field of a batch; to be parsed as `tagged`."""

    def form(body: Any) -> str:
        if isinstance(body, dict):
            return "batch" if field in body else "one"
        return "batch" if isinstance(body, batch) else "one"

    return Annotated[Annotated[one, Tag("one")] | Annotated[batch, Tag("batch")], Discriminator(form)]


def parse_json(adapter: TypeAdapter[Checked], body: bytes, tagged: bool = False) -> Checked:
    """The value that a JSON body holds.

    Args:
        tagged: the adapter is a tagged union: the first step of every error's path is the tag, which no client sent.

    Raises:
        InvalidJSON: it is not JSON.
        InvalidFields: fields are missing, unknown, of the wrong type or out of range; every one is named.
    """
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        if problems[0]["type"] == "json_invalid":
            raise InvalidJSON(problems[0]["ctx"]["error"]) from None
        raise InvalidFields([_field_error(problem, tagged) for problem in problems[:ERRORS_MAX]]) from None


def parse_values(adapter: TypeAdapter[Checked], values: dict[str, Any]) -> Checked:
    """The value that named texts hold, as those of a query.

    Raises:
        InvalidFields: as for `parse_json`.
    """
    try:
        return adapter.validate_strings(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise InvalidFields([_field_error(problem) for problem in problems[:ERRORS_MAX]]) from None


def _field_error(problem: ErrorDetails, tagged: bool = False) -> FieldError:
    loc = list(problem["loc"][1:] if tagged else problem["loc"])
    field = problem.get("ctx", {}).get("field")
    message = "is not a field of ours" if problem["type"] == "extra_forbidden" else problem["msg"]
    return FieldError(loc=[*loc, field] if field else loc, msg=message)


def parse_uid(text: str) -> str | None:
    """The uid of a notification that a text is, as it is stored; None: it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def without_nul(text: str) -> str:
    """For text that is stored: PostgreSQL has no U+0000."""
    if "\x00" in text:
        raise PydanticCustomError("nul", "must not contain the character U+0000, which can't be stored")
    return text


def wrong_field(kind: str, field: str, message: str, **values: Any) -> PydanticCustomError:
    """An error of a whole model that is the fault of one field."""
    return PydanticCustomError(kind, message, values | {"field": field})
