"""What a customer asks and says: inbox, receipts, subscriptions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any, Protocol, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError
from quart import Blueprint, Response, request

from app import channel, http
from app import position as positions
from app.auth import Tokens
from app.entry import SubscriptionChange
from app.errors import InvalidFields, NotFound, TopicNotAllowed
from app.read import inbox, preferences, receipts, subscriptions
from app.validation import parse_json, parse_uid, parse_values, wrong_field

RECEIPTS_MAX = 1000
# Standing subscriptions of a customer, as `?topic=`: each is one index look-up at replay.
SUBSCRIPTIONS_MAX = 100


def _position(text: str) -> str:
    if positions.parse(text) is None:
        raise PydanticCustomError("position", "must be a position such as 1700000000000-0")
    return text


def _uid(text: str) -> str:
    uid = parse_uid(text)
    if uid is None:
        raise PydanticCustomError("uid", "must be the uid of a notification")
    return uid


Position = Annotated[str, AfterValidator(_position)]
Uid = Annotated[str, AfterValidator(_uid)]


class InboxQuery(BaseModel):
    """The query of `GET /inbox`."""

    model_config = ConfigDict(extra="forbid")

    unread: bool = False
    before: Position | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReceiptsBody(BaseModel):
    """The body of `POST /receipts`: uids, or `read_up_to` alone."""

    model_config = ConfigDict(extra="forbid", strict=True)

    received: Annotated[list[Uid], Field(max_length=RECEIPTS_MAX)] = []
    read: Annotated[list[Uid], Field(max_length=RECEIPTS_MAX)] = []
    read_up_to: Position | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.received or self.read or self.read_up_to):
            raise wrong_field("empty", "read", "give received, read or read_up_to")
        return self


INBOX_QUERY: TypeAdapter[InboxQuery] = TypeAdapter(InboxQuery)
RECEIPTS: TypeAdapter[ReceiptsBody] = TypeAdapter(ReceiptsBody)


class Announcer(Protocol):
    """How other pages and processes learn what was done here; a log that is away does not stop it.

    `subscription` returns the position at which they do, None if the log is away.
    """

    async def receipts(self, customer_id: int, received: list[str], read: list[str], unread_count: int) -> None: ...

    async def subscription(self, change: SubscriptionChange) -> int | None: ...

    async def customer_changed(self, customer_id: int) -> None: ...


def routes(
    tokens: Tokens,
    announcer: Announcer,
    newest: Callable[[], Awaitable[int]],
    settled: Callable[[Collection[str]], Awaitable[None]],
    kinds: Collection[str],
) -> Blueprint:
    """The routes.

    Args:
        newest: the newest position of the log.
        settled: waits until the database has the positions of what was carried in some channels.
        kinds: of events, which can be muted.
    """
    blueprint = Blueprint("read", __name__)
    _route_subscriptions(blueprint, tokens, announcer, newest)
    _route_preferences(blueprint, tokens, announcer, kinds)

    @blueprint.get("/inbox")
    async def show_inbox() -> Response:
        identity = http.identify(tokens).require("customer")
        customer_id = identity.customer_id
        query = parse_values(INBOX_QUERY, request.args.to_dict())
        before = None if query.before is None else positions.parse(query.before)
        up_to = positions.POSITION_MAX if before is None else before - 1
        channels = await subscriptions.channels(customer_id, identity.allows)
        await settled(channels)
        found = await inbox.page(customer_id, channels, up_to, query.limit, query.unread)
        return http.answer(
            {
                "notifications": found,
                "unread_count": await inbox.unread_count(customer_id, channels),
                "next": found[-1]["position"] if len(found) == query.limit else None,
            }
        )

    @blueprint.post("/receipts")
    async def write_receipts() -> Response:
        data = await http.body()
        identity = http.identify(tokens).require("customer")
        customer_id = identity.customer_id
        body = parse_json(RECEIPTS, data)
        channels = await subscriptions.channels(customer_id, identity.allows)
        await settled(channels)

        def may_see(address: str) -> bool:
            topic = channel.topic(address)
            return address in channels or (topic is not None and identity.covers(topic))

        written = await receipts.write(customer_id, body.received, body.read, may_see)
        read = written.read
        if body.read_up_to is not None:
            up_to = positions.parse(body.read_up_to)
            assert up_to is not None
            while unread := await inbox.unread_uids(customer_id, channels, up_to, RECEIPTS_MAX):
                read += (await receipts.write(customer_id, [], unread, lambda _: True)).read
        unread_count = await inbox.unread_count(customer_id, channels)
        for start in range(0, max(len(written.received), len(read)), RECEIPTS_MAX):
            part = slice(start, start + RECEIPTS_MAX)
            await announcer.receipts(customer_id, written.received[part], read[part], unread_count)
        return http.answer({"unread_count": unread_count, "unknown": written.unknown})

    return blueprint


def _route_subscriptions(
    blueprint: Blueprint, tokens: Tokens, announcer: Announcer, newest: Callable[[], Awaitable[int]]
) -> None:
    @blueprint.get("/subscriptions")
    async def list_subscriptions() -> Response:
        customer_id = http.identify(tokens).require("customer").customer_id
        topics = await subscriptions.of_customer(customer_id)
        return http.answer({"subscriptions": [_shown(topic, topics[topic]) for topic in sorted(topics)]})

    @blueprint.get("/subscriptions/<topic>")
    async def show_subscription(topic: str) -> Response:
        customer_id = http.identify(tokens).require("customer").customer_id
        _require_topic(topic)
        topics = await subscriptions.of_customer(customer_id)
        if topic not in topics:
            raise NotFound(f"subscription to {topic}")
        return http.answer(_shown(topic, topics[topic]))

    @blueprint.put("/subscriptions/<topic>")
    async def subscribe(topic: str) -> Response:
        identity = http.identify(tokens).require("customer")
        _require_topic(topic)
        is_open = identity.covers(topic)
        if not is_open and not (identity.allows(topic) and await subscriptions.is_member(identity.customer_id, topic)):
            raise TopicNotAllowed(topic, ["topic"])
        topics = await subscriptions.of_customer(identity.customer_id)
        own = [each for each in topics if channel.order_id(each) is None]  # a kitchen may be in more orders than that
        if topic not in topics and len(own) >= SUBSCRIPTIONS_MAX:
            raise InvalidFields([{"loc": ["topic"], "msg": f"a customer may have up to {SUBSCRIPTIONS_MAX} topics"}])
        position, created = await subscriptions.subscribe(identity.customer_id, topic, await newest())
        announced = await announcer.subscription(SubscriptionChange(identity.customer_id, topic, True))
        if created and announced is not None:
            position = announced
            await subscriptions.begin_at(identity.customer_id, topic, position)
        return http.answer(_shown(topic, position), 201 if created else 200)

    @blueprint.delete("/subscriptions/<topic>")
    async def unsubscribe(topic: str) -> Response:
        customer_id = http.identify(tokens).require("customer").customer_id
        _require_topic(topic)
        await subscriptions.unsubscribe(customer_id, topic)
        await announcer.subscription(SubscriptionChange(customer_id, topic, False))
        return Response(status=204)


def _route_preferences(blueprint: Blueprint, tokens: Tokens, announcer: Announcer, kinds: Collection[str]) -> None:
    @blueprint.get("/preferences")
    async def show_preferences() -> Response:
        customer_id = http.identify(tokens).require("customer").customer_id
        return http.answer(preferences.shown(await preferences.get(customer_id)))

    @blueprint.put("/preferences")
    async def change_preferences() -> Response:
        data = await http.body()
        customer_id = http.identify(tokens).require("customer").customer_id
        body = parse_json(preferences.PREFERENCES_BODY, data)
        preferences.require_known(body, kinds)
        changed = await preferences.put(customer_id, body)
        await announcer.customer_changed(customer_id)
        return http.answer(preferences.shown(changed))


def _require_topic(topic: str) -> None:
    if not channel.is_topic(topic):
        raise InvalidFields([{"loc": ["topic"], "msg": f"{topic[:100]!r} can't be the name of a topic"}])


def _shown(topic: str, position: int) -> dict[str, Any]:
    return {"topic": topic, "position": positions.show(position)}
