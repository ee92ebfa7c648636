"""What senders say: notifications, what happened to orders, and who the customers are.

Notifications and orders' events are taken by plain ASGI, past Quart: they come by the thousand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter
from quart import Blueprint, Response

from app import asgi, dto, http
from app import position as positions
from app.accept import customers, draft, order_event
from app.accept.catalogue import Catalogue
from app.accept.claims import Claim
from app.accept.intake import Intake
from app.accept.outbox import Accepted
from app.accept.preview import preview
from app.auth import CUSTOMER_ID_MAX, Tokens
from app.errors import InvalidFields, NotFound
from app.notification import Notification
from app.validation import parse_json, parse_uid, parse_values

KEY_MAX = 255
MILLISECOND = timedelta(milliseconds=1)


class SendQuery(BaseModel):
    """The query of what sends."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False


SEND_QUERY: TypeAdapter[SendQuery] = TypeAdapter(SendQuery)


def handlers(tokens: Tokens, intake: Intake, request_max_bytes: int) -> Mapping[str, asgi.Handler]:
    """What answers a POST, by path."""

    async def send(request: asgi.Request) -> asgi.Answer:
        # The body first: who is refused while still sending may not see why.
        data = await asgi.read_body(request.pieces(), request_max_bytes)
        sender = request.identify(tokens).require("sender")
        body = draft.parse(data)
        if _is_dry_run(request):
            return _previewed(await intake.composed_notifications(body, sender))
        return _answered(await intake.notifications(body, sender, _request_key(request, sender.subject, data)))

    async def report_order_events(request: asgi.Request) -> asgi.Answer:
        data = await asgi.read_body(request.pieces(), request_max_bytes)
        sender = request.identify(tokens).require("sender")
        body = order_event.parse(data)
        if _is_dry_run(request):
            return _previewed(await intake.composed_order_events(body, sender))
        return _answered(await intake.order_events(body, sender, _request_key(request, sender.subject, data)))

    return {"/notifications": send, "/order-events": report_order_events}


def routes(
    tokens: Tokens, intake: Intake, catalogue: Catalogue, customer_changed: Callable[[int], Awaitable[None]]
) -> Blueprint:
    """The routes.

    Args:
        customer_changed: tells every web process that what it knows of a customer is out of date.
    """
    blueprint = Blueprint("accept", __name__)

    @blueprint.delete("/notifications/<uid>")
    async def retract(uid: str) -> Response:
        sender = http.identify(tokens).require("sender")
        known = parse_uid(uid)
        if known is None:
            raise NotFound(f"notification {uid[:100]}")
        return Response(status=204 if await intake.retract(known, sender) else 202)

    @blueprint.get("/catalogue")
    async def show_catalogue() -> Response:
        http.identify(tokens)
        return http.answer(_catalogue(catalogue))

    @blueprint.put("/customers/<int:customer_id>")
    async def put_customer(customer_id: int) -> Response:
        body = await http.body()
        http.identify(tokens).require("sender", "ops")
        if customer_id > CUSTOMER_ID_MAX:
            raise InvalidFields([{"loc": ["id"], "msg": f"must be up to {CUSTOMER_ID_MAX}"}])
        customer, created = await customers.put(customer_id, parse_json(customers.CUSTOMER_BODY, body))
        await customer_changed(customer_id)
        return http.answer(customer, 201 if created else 200)

    @blueprint.get("/customers/<int:customer_id>")
    async def get_customer(customer_id: int) -> Response:
        http.identify(tokens).require("sender", "ops")
        customer = await customers.get(customer_id) if customer_id <= CUSTOMER_ID_MAX else None
        if customer is None:
            raise NotFound(f"customer {customer_id}")
        return http.answer(customer)

    return blueprint


def _is_dry_run(request: asgi.Request) -> bool:
    query = request.query
    return bool(query) and parse_values(SEND_QUERY, {name: values[0] for name, values in query.items()}).dry_run


def _request_key(request: asgi.Request, sender_id: str, body: bytes) -> Claim | None:
    key = request.headers.get(b"idempotency-key")
    if key is None:
        return None
    if not (1 <= len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        msg = f"must be 1 to {KEY_MAX} printable ASCII characters"
        raise InvalidFields([{"loc": ["Idempotency-Key"], "msg": msg}])
    return Claim(sender_id, key, sha256(body).hexdigest())


def _previewed(composed: Sequence[Notification]) -> asgi.Answer:
    return asgi.Answer(200, orjson.dumps(preview(composed)))


def _answered(accepted: Sequence[Accepted]) -> asgi.Answer:
    carried = all(each.position is not None for each in accepted)
    body = {"notifications": [_shown(each) for each in accepted]}
    return asgi.Answer(201 if carried else 202, orjson.dumps(body), {**asgi.JSON, **_server_timing(accepted)})


def _server_timing(accepted: Sequence[Accepted]) -> dict[str, str]:
    """How long the commit took, and then the log, as the Server-Timing header (W3C) has it."""
    last = accepted[-1] if accepted else None
    if last is None or last.timing is None:
        return {}
    committed, carried = last.timing
    steps = [("commit", committed - last.date_sent)]
    if carried is not None:
        steps.append(("carry", carried - committed))
    return {"Server-Timing": ", ".join(f"{name};dur={took / MILLISECOND:.3f}" for name, took in steps)}


def _shown(accepted: Accepted) -> dict[str, object]:
    return {
        "uid": accepted.uid,
        "position": None if accepted.position is None else positions.show(accepted.position),
        "event": accepted.event,
        **dto.receiver(accepted.channel),
        "date_sent": dto.timestamp(accepted.date_sent),
    }


def _catalogue(catalogue: Catalogue) -> dict[str, object]:
    return {
        "languages": list(catalogue.languages),
        "kinds": [
            {
                "event": kind.event,
                "to": kind.to,
                "priority": kind.priority,
                "needs": sorted(kind.needs),
                "may": sorted(kind.may),
                "ends_order": kind.ends_order,
            }
            for kind in catalogue.kinds.values()
        ],
    }
