"""`GET /notifications/{uid}/report` and `GET /reports`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from quart import Blueprint, Response, request

from app import http, row
from app.auth import Tokens
from app.errors import NotFound, NotYours
from app.report import of_hours, of_notification
from app.validation import Time, parse_uid, parse_values, without_nul, wrong_field

DEFAULT_PERIOD = timedelta(days=1)
# So that there is a day before and an hour after.
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)


class ReportsQuery(BaseModel):
    """The query of `GET /reports`. Without times: the last 24 hours."""

    model_config = ConfigDict(extra="forbid")

    event: Annotated[str, Field(max_length=100), AfterValidator(without_nul)] | None = None
    begin: Annotated[Time | None, Field(alias="from", ge=FIRST, le=LAST)] = None
    end: Annotated[Time | None, Field(alias="to", ge=FIRST, le=LAST)] = None
    format: Literal["json", "csv"] | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.begin is not None and self.begin >= (self.end or datetime.now(UTC)):
            raise wrong_field("period", "from", "must be before to")
        return self


REPORTS_QUERY: TypeAdapter[ReportsQuery] = TypeAdapter(ReportsQuery)


def routes(tokens: Tokens, settled: Callable[[Collection[str]], Awaitable[None]]) -> Blueprint:
    """The routes.

    Args:
        settled: waits until the database has the positions of what was carried in some channels.
    """
    blueprint = Blueprint("report", __name__)

    @blueprint.get("/notifications/<uid>/report")
    async def show_notification(uid: str) -> Response:
        identity = http.identify(tokens).require("sender", "ops")
        found = await _find(uid)
        if identity.role == "sender" and found.notification.sender_id != identity.subject:
            raise NotYours(found.notification.uid)
        if found.position is None and found.notification.release_at is None:
            await settled([found.notification.channel])
            found = await _find(uid)
        return http.answer(await of_notification.report(found))

    @blueprint.get("/reports")
    async def show_hours() -> Response:
        http.identify(tokens).require("sender", "ops")
        query = parse_values(REPORTS_QUERY, request.args.to_dict())
        end = query.end or datetime.now(UTC)
        begin = query.begin or end - DEFAULT_PERIOD
        wants_csv = request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"
        if query.format == "csv" or (query.format is None and wants_csv):
            text = await of_hours.report_csv(query.event, begin, end)
            return Response(text, content_type="text/csv; charset=utf-8")
        return http.answer(await of_hours.report(query.event, begin, end))

    return blueprint


async def _find(uid: str) -> row.Found:
    known = parse_uid(uid)
    found = (await row.find([known])).get(known) if known is not None else None
    if found is None or found.notification.retracts is not None:
        raise NotFound(f"notification {uid[:100]}")
    return found
