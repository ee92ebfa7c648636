"""Preferences: how and when a customer wants to be told, as they set it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError
from tortoise import BaseDBAsyncClient

from app import channel, database
from app.errors import InvalidFields
from app.models import Customer, NotificationRow
from app.preferences import COLUMNS, Preferences, QuietHours, of_columns, to_columns
from app.validation import Language, TimeZone, wrong_field

KINDS_MAX = 1000

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise PydanticCustomError("clock", "must be a time of the day, 00:00 to 23:59")
    return text


Clock = Annotated[str, AfterValidator(_clock)]


class QuietHoursBody(BaseModel):
    """A time of the day by the customer's own clock; `to` before `from`: over midnight."""

    model_config = ConfigDict(extra="forbid", strict=True)

    begin: Annotated[Clock, Field(alias="from")]
    to: Clock

    @model_validator(mode="after")
    def _has_a_length(self) -> QuietHoursBody:
        if self.begin == self.to:
            raise wrong_field("quiet_hours", "to", "must be another time than from")
        return self


class PreferencesBody(BaseModel):
    """The body of `PUT /preferences`. What is absent stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    language: Language | None = None
    time_zone: TimeZone | None = None
    muted_kinds: Annotated[list[str], Field(max_length=KINDS_MAX)] | None = None
    quiet_hours: QuietHoursBody | None = None


PREFERENCES_BODY: TypeAdapter[PreferencesBody] = TypeAdapter(PreferencesBody)


def require_known(body: PreferencesBody, kinds: Collection[str]) -> None:
    """Checks that what is muted are kinds of events that there are.

    Raises:
        InvalidFields: some are not; each is named.
    """
    unknown = [(index, kind) for index, kind in enumerate(body.muted_kinds or ()) if kind not in kinds]
    if unknown:
        raise InvalidFields(
            [
                {"loc": ["muted_kinds", index], "msg": f"{kind[:100]!r} is no kind of event that the catalogue has"}
                for index, kind in unknown
            ]
        )


async def get(customer_id: int) -> Preferences:
    """A customer's preferences; the defaults of one who was never heard of."""
    found = await Customer.filter(id=customer_id).values_list(*COLUMNS)
    return of_columns(*found[0]) if found else Preferences()


async def put(customer_id: int, body: PreferencesBody) -> Preferences:
    """Changes a customer's preferences; what was held back for the customer is planned anew."""
    async with database.transaction() as connection:
        await Customer.bulk_create([Customer(id=customer_id)], ignore_conflicts=True, using_db=connection)
        query = Customer.filter(id=customer_id).using_db(connection)
        # Not against those who only refer to the customer, as what is sent meanwhile does.
        locked = query if database.is_sqlite() else query.select_for_update(no_key=True)
        (columns,) = await locked.values_list(*COLUMNS)
        preferences = _changed(of_columns(*columns), body)
        await Customer.filter(id=customer_id).using_db(connection).update(**to_columns(preferences))
        await _plan(connection, customer_id, preferences)
    return preferences


def shown(preferences: Preferences) -> dict[str, Any]:
    """The members of a `PreferencesDTO`."""
    quiet = preferences.quiet_hours
    return {
        "language": preferences.language,
        "time_zone": preferences.time_zone,
        "muted_kinds": sorted(preferences.muted_kinds),
        "quiet_hours": None if quiet is None else {"from": f"{quiet.start:%H:%M}", "to": f"{quiet.end:%H:%M}"},
    }


def _changed(preferences: Preferences, body: PreferencesBody) -> Preferences:
    changed: dict[str, Any] = {}
    if body.language is not None:
        changed["language"] = body.language
    if body.time_zone is not None:
        changed["time_zone"] = body.time_zone
    if body.muted_kinds is not None:
        changed["muted_kinds"] = frozenset(body.muted_kinds)
    if "quiet_hours" in body.model_fields_set:
        quiet = body.quiet_hours
        changed["quiet_hours"] = quiet and QuietHours(time.fromisoformat(quiet.begin), time.fromisoformat(quiet.to))
    return replace(preferences, **changed)


async def _plan(connection: BaseDBAsyncClient, customer_id: int, preferences: Preferences) -> None:
    """Gives what waits for its time, or for the end of quiet hours, the time that it has by these preferences."""
    now = datetime.now(UTC)
    waiting = NotificationRow.filter(
        channel=channel.of_customer(customer_id), position=None, date_retracted=None, release_at__not_isnull=True
    ).using_db(connection)
    # Sorted, as the outbox locks them when it writes positions down: else the two could wait for each other.
    rows = await waiting.order_by("uid").values_list("uid", "send_at", "release_at", "priority")
    for uid, send_at, release_at, priority in rows:
        wanted = now if send_at is None else max(send_at, now)
        planned = preferences.held_until(wanted, priority) or wanted
        if planned != release_at:
            await NotificationRow.filter(uid=uid).using_db(connection).update(release_at=planned)
