"""What senders say: notifications, and who the customers are."""

from __future__ import annotations

from hashlib import sha256

from quart import Blueprint, Response, request

from app import channel, http
from app import position as positions
from app.accept import customers
from app.accept.compose import compose
from app.accept.draft import parse
from app.accept.outbox import Accepted, Outbox, RequestKey
from app.auth import CUSTOMER_ID_MAX, Tokens
from app.errors import InvalidFields, NotFound
from app.validation import parse_json

KEY_MAX = 255


def routes(tokens: Tokens, outbox: Outbox) -> Blueprint:
    blueprint = Blueprint("accept", __name__)

    @blueprint.post("/notifications")
    async def send() -> Response:
        body = await http.body()  # first: who is refused while still sending may not see why
        sender = http.identify(tokens).require("sender")
        notifications = compose(parse(body), sender.subject, sender.covers)
        accepted = await outbox.accept(notifications, _request_key(sender.subject, body))
        shown = [_shown(each) for each in accepted]
        carried = all(each.position is not None for each in accepted)
        return http.answer({"notifications": shown}, 201 if carried else 202)

    @blueprint.put("/customers/<int:customer_id>")
    async def put_customer(customer_id: int) -> Response:
        body = await http.body()
        http.identify(tokens).require("sender", "ops")
        if customer_id > CUSTOMER_ID_MAX:
            raise InvalidFields([{"loc": ["id"], "msg": f"must be up to {CUSTOMER_ID_MAX}"}])
        customer, created = await customers.put(customer_id, parse_json(customers.CUSTOMER_BODY, body))
        return http.answer(customer, 201 if created else 200)

    @blueprint.get("/customers/<int:customer_id>")
    async def get_customer(customer_id: int) -> Response:
        http.identify(tokens).require("sender", "ops")
        customer = await customers.get(customer_id) if customer_id <= CUSTOMER_ID_MAX else None
        if customer is None:
            raise NotFound(f"customer {customer_id}")
        return http.answer(customer)

    return blueprint


def _request_key(sender_id: str, body: bytes) -> RequestKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (1 <= len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        msg = f"must be 1 to {KEY_MAX} printable ASCII characters"
        raise InvalidFields([{"loc": ["Idempotency-Key"], "msg": msg}])
    return RequestKey(sender_id, key, sha256(body).hexdigest())


def _shown(accepted: Accepted) -> dict[str, object]:
    customer_id = channel.receiver_id(accepted.channel)
    return {
        "uid": accepted.uid,
        "position": None if accepted.position is None else positions.show(accepted.position),
        **({"topic": channel.topic(accepted.channel)} if customer_id is None else {"receiver_id": customer_id}),
    }
