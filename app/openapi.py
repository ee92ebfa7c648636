"""`/openapi.json`: the HTTP interface, described from the same models that check it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from quart import Blueprint, Response

from app import __version__
from app.accept.customers import CUSTOMER_BODY
from app.accept.draft import BODY
from app.accept.order_event import ORDER_EVENTS
from app.auth import COOKIE
from app.dto import (
    Alive,
    CatalogueDTO,
    CustomerDTO,
    HoursReport,
    InboxPage,
    NotificationDTO,
    NotificationReport,
    PreferencesDTO,
    PreviewDTO,
    Problem,
    Readiness,
    Sent,
    SessionDTO,
    SubscriptionDTO,
    Subscriptions,
    UnreadDTO,
)
from app.read.api import INBOX_QUERY, RECEIPTS
from app.read.preferences import PREFERENCES_BODY

REFERENCE = "#/components/schemas/{model}"


class Operation(NamedTuple):
    """One method of one path.

    Attributes:
        roles: whose tokens may use it; none: open to all.
        answers: by status, what it means and the type of its body.
        query: a model of its query, or the names of its parameters with what they mean.
    """

    method: str
    path: str
    summary: str
    roles: Sequence[str]
    answers: dict[int, tuple[str, Any]]
    body: TypeAdapter[Any] | None = None
    query: TypeAdapter[Any] | dict[str, str] | None = None
    headers: dict[str, str] = {}  # noqa: RUF012  # a tuple's default, never changed


DRY_RUN = {"dry_run": "1: tell who would get what, in which words and when, and send nothing."}

OPERATIONS = (
    Operation(
        "get",
        "/stream",
        "Server-Sent Events: the customer's own channel and the topics subscribed to, live and replayed.",
        ["customer"],
        {
            200: (
                "Events: notification, receipt, retract, synced, gap, heartbeat; before the end: busy, expired, drain.",
                None,
            )
        },
        query={
            "topic": "Also listen to this topic, on this connection only. May be repeated.",
            "last_event_id": "Where to resume, if the Last-Event-ID header can't be set; `earliest`: all that is kept.",
            "count": "1: `synced` also tells the unread_count.",
            "token": "The token, for an EventSource of another origin.",
        },
        headers={"Last-Event-ID": "The id of the last event that was seen: what came after it is replayed."},
    ),
    Operation(
        "post",
        "/notifications",
        "Send one notification, or up to 1,000: all of them are accepted, or none.",
        ["sender"],
        {
            200: ("With `dry_run`: what would be sent.", PreviewDTO),
            201: ("Stored and carried.", Sent),
            202: ("Stored; will be carried later (position: null).", Sent),
            409: ("The Idempotency-Key was used with another body.", Problem),
            413: ("The body is too large.", Problem),
            422: ("Some fields are not valid; every one is named.", Problem),
            503: ("The database is away. Send it again with the same Idempotency-Key.", Problem),
        },
        body=BODY,
        query=DRY_RUN,
        headers={"Idempotency-Key": "The same key again gets the same answer, and sends nothing."},
    ),
    Operation(
        "delete",
        "/notifications/{uid}",
        "Take a notification back: a scheduled one is never sent, a sent one disappears from open pages and replay.",
        ["sender"],
        {
            202: ("Taken back; open pages will learn of it later.", None),
            204: ("Taken back.", None),
            403: ("Another sender sent it.", Problem),
            404: ("Never heard of.", Problem),
        },
    ),
    Operation(
        "get",
        "/notifications/{uid}/report",
        "What became of a notification.",
        ["sender", "ops"],
        {
            200: ("The report.", NotificationReport),
            403: ("Another sender sent it.", Problem),
            404: ("Never heard of.", Problem),
        },
    ),
    Operation(
        "post",
        "/order-events",
        "Report what happened to an order, or up to 1,000 events: the catalogue decides who is told, and the words. "
        "The same (order_id, event, sequence) again gets the same answer, and sends nothing.",
        ["sender"],
        {
            200: ("With `dry_run`: what would be sent.", PreviewDTO),
            201: ("Stored and carried.", Sent),
            202: ("Stored; some will be carried later (position: null).", Sent),
            409: ("The event, or the Idempotency-Key, came before with other content.", Problem),
            413: ("The body is too large.", Problem),
            422: ("Some fields are not valid; every one is named.", Problem),
            503: ("The database is away. Send it again.", Problem),
        },
        body=ORDER_EVENTS,
        query=DRY_RUN,
        headers={"Idempotency-Key": "The same key again gets the same answer, and sends nothing."},
    ),
    Operation(
        "get",
        "/catalogue",
        "The kinds of events that can be reported, and the languages in which customers are told.",
        ["customer", "sender", "ops"],
        {200: ("The catalogue.", CatalogueDTO)},
    ),
    Operation(
        "get",
        "/reports",
        "What became of all notifications, by kind of event and hour. As text/csv with `format=csv`, or if accepted.",
        ["sender", "ops"],
        {200: ("The report.", HoursReport), 422: ("The query is not valid.", Problem)},
        query={
            "event": "Only this kind of event.",
            "from": "A time (RFC 3339) in the first hour. Default: a day before `to`.",
            "to": "Up to this time. Default: now.",
            "format": "json or csv.",
        },
    ),
    Operation(
        "put",
        "/customers/{id}",
        "Tell who a customer is.",
        ["sender", "ops"],
        {200: ("Changed.", CustomerDTO), 201: ("New.", CustomerDTO), 422: ("Some fields are not valid.", Problem)},
        body=CUSTOMER_BODY,
    ),
    Operation(
        "get",
        "/customers/{id}",
        "Who a customer is.",
        ["sender", "ops"],
        {200: ("The customer.", CustomerDTO), 404: ("Never heard of.", Problem)},
    ),
    Operation(
        "get",
        "/inbox",
        "What the customer was sent, newest first.",
        ["customer"],
        {200: ("One page.", InboxPage), 422: ("The query is not valid.", Problem)},
        query=INBOX_QUERY,
    ),
    Operation(
        "post",
        "/receipts",
        "Tell what was received and read. The customer's other open pages learn of it at once.",
        ["customer"],
        {200: ("Written down.", UnreadDTO), 422: ("Some fields are not valid.", Problem)},
        body=RECEIPTS,
    ),
    Operation(
        "get", "/subscriptions", "The customer's subscriptions.", ["customer"], {200: ("All of them.", Subscriptions)}
    ),
    Operation(
        "get",
        "/subscriptions/{topic}",
        "One subscription.",
        ["customer"],
        {200: ("It is there.", SubscriptionDTO), 404: ("There is none.", Problem)},
    ),
    Operation(
        "put",
        "/subscriptions/{topic}",
        "Subscribe, from now on; open connections hear the topic at once.",
        ["customer"],
        {
            200: ("It was there already.", SubscriptionDTO),
            201: ("Subscribed.", SubscriptionDTO),
            403: ("The token does not cover the topic.", Problem),
        },
    ),
    Operation(
        "delete",
        "/subscriptions/{topic}",
        "Unsubscribe; open connections stop hearing the topic at once.",
        ["customer"],
        {204: ("There is no subscription any more.", None)},
    ),
    Operation(
        "get",
        "/preferences",
        "How and when the customer wants to be told.",
        ["customer"],
        {200: ("The preferences.", PreferencesDTO)},
    ),
    Operation(
        "put",
        "/preferences",
        "Change them; what is absent stays as it is. What is held back is planned anew.",
        ["customer"],
        {200: ("Changed.", PreferencesDTO), 422: ("Some fields are not valid.", Problem)},
        body=PREFERENCES_BODY,
    ),
    Operation(
        "post",
        "/session",
        f"Put the bearer token into the cookie `{COOKIE}`.",
        ["customer", "sender", "ops"],
        {200: ("Whose session it is.", SessionDTO)},
    ),
    Operation("delete", "/session", "Remove the cookie.", [], {204: ("Removed.", None)}),
    Operation("get", "/healthz", "Whether the process is alive.", [], {200: ("It is.", Alive)}),
    Operation(
        "get",
        "/readyz",
        "Whether database and log can be reached.",
        [],
        {200: ("They can.", Readiness), 503: ("One of them can't.", Readiness)},
    ),
    Operation(
        "get", "/metrics", "For Prometheus; open to OPS_NETWORKS.", ["ops"], {200: ("text/plain, version 0.0.4.", None)}
    ),
    Operation("get", "/stats", "The same figures as JSON.", ["ops"], {200: ("By name.", dict[str, float])}),
)


def routes() -> Blueprint:
    blueprint = Blueprint("openapi", __name__)

    @blueprint.get("/openapi.json")
    async def show() -> Response:
        return Response(_document(), content_type="application/json")

    return blueprint


@cache
def _document() -> bytes:
    # What the events of the stream carry, for which OpenAPI has no place of its own.
    schemas: dict[str, Any] = {"NotificationDTO": TypeAdapter(NotificationDTO).json_schema(ref_template=REFERENCE)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schemas)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "getnotified", "version": __version__, "description": __doc__},
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                },
            },
        },
        option=orjson.OPT_SORT_KEYS,
    )


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {
            str(status): _content(meaning, TypeAdapter(form) if form else None, schemas, "serialization")
            for status, (meaning, form) in operation.answers.items()
        },
    }
    if operation.roles:
        described["security"] = [{"bearer": []}, {"cookie": []}]
        described["description"] = f"For tokens of the role {' or '.join(operation.roles)}."
    if operation.body is not None:
        described["requestBody"] = _content("", operation.body, schemas, "validation") | {"required": True}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if name == "id" else "string"}}
        for name in (part[1:-1] for part in operation.path.split("/") if part.startswith("{"))
    ]
    parameters += [
        {"name": name, "in": "header", "description": meaning, "schema": {"type": "string"}}
        for name, meaning in operation.headers.items()
    ]
    if isinstance(operation.query, dict):
        parameters += [
            {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
            for name, meaning in operation.query.items()
        ]
    elif operation.query is not None:
        fields = operation.query.json_schema()["properties"]
        parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]
    return parameters


def _content(
    meaning: str, form: TypeAdapter[Any] | None, schemas: dict[str, Any], mode: JsonSchemaMode
) -> dict[str, Any]:
    described: dict[str, Any] = {"description": meaning}
    if form is not None:
        schema = form.json_schema(ref_template=REFERENCE, mode=mode)
        schemas.update(schema.pop("$defs", {}))
        media_type = "application/problem+json" if schema.get("title") == "Problem" else "application/json"
        described["content"] = {media_type: {"schema": schema}}
    return described
