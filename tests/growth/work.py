"""All that the service does with its database, each by itself, and what is wrong with how it is done, as JSON.

    python -m tests.growth.work DATABASE_URL REDIS_URL

In a process of its own: Tortoise ties the models to the first dialect that it sees in one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app import database, row, settings
from app import position as positions
from app.auth import Role, Tokens
from app.deliver import history as kept
from app.read import subscriptions
from app.run import expire, prune
from app.tally import TOGETHER, hour_of
from app.wiring import Service, create_app, running
from tests.growth import history
from tests.growth.history import BUSY_TOPIC, FOLLOWERS, KINDS, ME, OTHER, TOPICS
from tests.support.plans import Watch
from tests.support.service import eventually

SMALL = ("marks",)  # has one row

SHOP = "sender:shop"
NEW = 1_000_000  # nobody has heard of this customer
TITLED = {"title_text": "It is on its way"}


class Desk:
    """A service, and those who ask it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._tokens = Tokens("x" * 32)
        transport = httpx.ASGITransport(create_app(service, self._tokens))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://service")
        self.now = datetime.now(UTC)

    async def ask(self, method: str, path: str, who: str = SHOP, body: Any = None, **headers: str) -> Any:
        """What is answered; returns once all that comes of it is in the database."""
        roles: dict[str, Role] = {"customer": "customer", "sender": "sender", "ops": "ops"}
        token = self._tokens.sign(who, roles[who.partition(":")[0]], None, 1)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"Authorization": f"Bearer {token}"} | named
        response = await self._client.request(method, path, json=body, headers=headers)
        text = response.text
        assert response.status_code < 300, f"{method} {path}: {text}"
        await self.service.outbox.idle()
        return json.loads(text) if text.startswith("{") else text

    async def send(self, *drafts: dict[str, Any], **headers: str) -> list[str]:
        """Sends notifications; their uids."""
        body = drafts[0] if len(drafts) == 1 else {"notifications": drafts}
        answer = await self.ask("POST", "/notifications", SHOP, body, **headers)
        return [each["uid"] for each in answer["notifications"]]

    async def tell(self, *events: dict[str, Any]) -> None:
        await self.ask("POST", "/order-events", SHOP, {"events": events})

    def forget(self) -> None:
        """What the process keeps in memory is asked for anew."""
        self.service.receivers.forget()
        self.service.outbox._known_customers.clear()

    def at(self, **ago: float) -> int:
        """The position of a moment so long ago."""
        return positions.from_ms(int((self.now - timedelta(**ago)).timestamp() * 1000))


Work = Callable[[Desk], Awaitable[None]]
me = f"customer:{ME}"


def moment(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


# -- 1. accept --------------------------------------------------------------------------------------


async def send_one(desk: Desk) -> None:
    await desk.send(TITLED | {"receiver_id": OTHER})


async def send_to_a_new_customer(desk: Desk) -> None:
    await desk.send(TITLED | {"receiver_id": NEW})


async def send_a_batch(desk: Desk) -> None:
    await desk.send(
        *(TITLED | {"receiver_id": OTHER + number, "event": KINDS[number % 3]} for number in range(10)),
        TITLED | {"receiver_ids": [*range(OTHER, OTHER + 10)]},
        TITLED | {"topic": TOPICS[0]},
    )


async def send_under_a_key_and_again(desk: Desk) -> None:
    for _ in range(2):
        await desk.send(*(TITLED | {"receiver_id": OTHER + number} for number in range(10)), Idempotency_Key="mine")


async def send_to_a_topic(desk: Desk) -> None:
    """Of those who follow it, one has muted this kind, and one is in quiet hours."""
    await desk.send(TITLED | {"topic": BUSY_TOPIC, "event": KINDS[0]})


async def send_to_those_who_hold_back(desk: Desk) -> None:
    await desk.send(TITLED | {"receiver_ids": [*FOLLOWERS], "event": KINDS[0]})


async def send_what_takes_the_place_of_another(desk: Desk) -> None:
    for receiver in (OTHER, FOLLOWERS[1]):  # at once, and when quiet hours end
        for _ in range(2):
            await desk.send(TITLED | {"receiver_id": receiver, "collapse_key": "where"})


async def send_later(desk: Desk) -> None:
    await desk.send(TITLED | {"receiver_id": OTHER, "send_at": moment(hours=1), "expires_at": moment(hours=2)})


async def take_back(desk: Desk) -> None:
    """What is scheduled, what was carried, and what was sent to a topic with copies of its own for some."""
    uids = await desk.send(
        TITLED | {"receiver_id": OTHER, "send_at": moment(hours=1)},
        TITLED | {"receiver_id": OTHER},
        TITLED | {"topic": BUSY_TOPIC, "event": KINDS[0]},
    )
    for uid in uids:
        await desk.ask("DELETE", f"/notifications/{uid}")


async def tell_of_orders(desk: Desk) -> None:
    """From its beginning to its end, and once more."""
    orders = [{"order_id": f"new{number}", "customer_id": OTHER + number} for number in range(10)]
    placed = [{"event": "order.placed", "kitchen_id": OTHER + 50} | each for each in orders]
    assigned = [
        {"event": "courier.assigned", "courier_id": OTHER + 51, "data": {"courier_name": "Ann"}} | each
        for each in orders
    ]
    delivered = [{"event": "order.delivered"} | each for each in orders]
    for events in (placed, assigned, delivered, delivered):
        await desk.tell(*events)


async def tell_of_known_orders(desk: Desk) -> None:
    await desk.tell(*({"event": "order.delivered", "order_id": str(number)} for number in range(100, 110)))


async def put_a_customer(desk: Desk) -> None:
    for customer in (OTHER, NEW + 1):
        await desk.ask("PUT", f"/customers/{customer}", SHOP, {"first_name": "Ann"})
        await desk.ask("GET", f"/customers/{customer}")


# -- 2. carry ---------------------------------------------------------------------------------------


async def look_when_nothing_is_due(desk: Desk) -> None:
    moment = desk.now - timedelta(hours=1)
    assert not await row.due(moment, moment, 1000)


async def carry_what_is_due(desk: Desk) -> None:
    async def nothing_is_due() -> bool:
        return not await row.due(desk.now, desk.now, 1)

    due = await row.due(desk.now, desk.now, 1000)
    assert len(due) == 2 * history.DUE
    assert await row.due(desk.now, desk.now, 5) == due[:5], "the oldest come first"
    relay = asyncio.create_task(desk.service.relay.run())
    await eventually(nothing_is_due, "the relay has carried what was due")
    relay.cancel()
    await asyncio.wait([relay])


async def put_the_log_back(desk: Desk) -> None:
    assert len(await row.newest_placed(desk.at(days=3), 100)) == 100


# -- 3. deliver -------------------------------------------------------------------------------------


async def replay_from_the_database(desk: Desk) -> None:
    channels = await subscriptions.channels(ME, lambda _: True)
    assert len(channels) > 100
    assert await kept.page(ME, channels, desk.at(days=2), desk.at(), 50)
    assert await kept.is_settled(desk.at(days=1))
    await kept.pruned_to()


async def replay_the_end_of_a_busy_topic(desk: Desk) -> None:
    assert await kept.page(ME, {f"topic:{BUSY_TOPIC}": 0}, desk.at(minutes=30), desk.at(), 50)


async def load_the_topics_of_many_customers(desk: Desk) -> None:
    assert len(await subscriptions.of_customers(range(OTHER, OTHER + 50))) == 50


# -- 4. read ----------------------------------------------------------------------------------------


async def read_the_inbox(desk: Desk) -> None:
    newest = await desk.ask("GET", "/inbox?limit=50", me)
    assert len(newest["notifications"]) == 50
    await desk.ask("GET", f"/inbox?limit=50&before={newest['next']}", me)
    await desk.ask("GET", "/inbox?unread=true&limit=50", me)


async def read_the_inbox_with_all_of_a_busy_topic(desk: Desk) -> None:
    """All of it is unread: counting that looks at it all, and at nothing else."""
    await desk.ask("GET", "/inbox?limit=50", f"customer:{FOLLOWERS[-1]}")


async def write_receipts(desk: Desk) -> None:
    uids = await desk.send(*(TITLED | {"receiver_id": ME} for _ in range(10)))
    await desk.ask("POST", "/receipts", me, {"received": uids[:7], "read": uids[3:]})
    await desk.ask("POST", "/receipts", me, {"read_up_to": positions.show(desk.at(minutes=1))})


async def subscribe(desk: Desk) -> None:
    who = f"customer:{OTHER}"
    for method in ("PUT", "GET", "DELETE"):
        await desk.ask(method, "/subscriptions/new", who)
    await desk.ask("GET", "/subscriptions", who)


async def change_preferences(desk: Desk) -> None:
    """Of one for whom something is held back until quiet hours end."""
    who = FOLLOWERS[1]
    await desk.send(TITLED | {"receiver_id": who})
    await desk.ask("GET", "/preferences", f"customer:{who}")
    await desk.ask("PUT", "/preferences", f"customer:{who}", {"quiet_hours": None})


# -- 5. report and run ------------------------------------------------------------------------------


async def report_on_a_notification(desk: Desk) -> None:
    (uid,) = await desk.send(TITLED | {"topic": BUSY_TOPIC, "event": KINDS[0]})
    await desk.ask("GET", f"/notifications/{uid}/report")


async def report_on_a_day(desk: Desk) -> None:
    for query in ("", f"?event={KINDS[0]}", "?format=csv"):
        await desk.ask("GET", f"/reports{query}", "ops:analyst")


async def note_what_has_expired(desk: Desk) -> None:
    assert await expire.expire(desk.now) == history.EXPIRED
    assert not await expire.expire(desk.now)


async def forget_what_is_old(desk: Desk) -> None:
    assert await prune.prune(desk.now - timedelta(days=history.DAYS, minutes=30)) >= history.OLD
    await prune.prune_orders(desk.now - timedelta(days=prune.ORDER_DAYS))


async def put_tallies_together(desk: Desk) -> None:
    async with database.transaction() as connection:
        await connection.execute_query(f"UPDATE tally SET shard = 7 WHERE shard = {TOGETHER} AND id < 10")
    await prune.put_together(hour_of(desk.now) + 1)


WORKS: tuple[Work, ...] = (
    *(send_one, send_to_a_new_customer, send_a_batch, send_under_a_key_and_again, send_to_a_topic),
    *(send_to_those_who_hold_back, send_what_takes_the_place_of_another, send_later, take_back),
    *(tell_of_orders, tell_of_known_orders, put_a_customer),
    *(look_when_nothing_is_due, carry_what_is_due, put_the_log_back),
    *(replay_from_the_database, replay_the_end_of_a_busy_topic, load_the_topics_of_many_customers),
    *(read_the_inbox, read_the_inbox_with_all_of_a_busy_topic, write_receipts, subscribe, change_preferences),
    *(report_on_a_notification, report_on_a_day, note_what_has_expired, forget_what_is_old, put_tallies_together),
)
NEEDED = ("idx_subscriptio_topic_c85043", send_to_a_topic)
# How many times as much as usual a statement may look at: a hundred topics are a hundred look-ups in one statement, and
# unread notifications are counted up to ten thousand, each with its receipt.
ALLOWED: dict[Work, int] = {
    replay_from_the_database: 4,
    read_the_inbox: 4,
    write_receipts: 4,
    read_the_inbox_with_all_of_a_busy_topic: 8,
}


async def main(url: str, redis_url: str) -> None:
    await database.migrate(url)
    watch = Watch(SMALL)
    async with running(settings.load(database_url=url, redis_url=redis_url), redis_url, loops=[]) as service:
        works = asyncio.create_task(all_of(Desk(service), watch, url))
        stopping = asyncio.create_task(service.background.stopping.wait())  # a loop has died
        await asyncio.wait([works, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        assert not service.background.failed
        sys.stdout.write(json.dumps(await works))


async def all_of(desk: Desk, watch: Watch, url: str) -> dict[str, dict[str, list[str]]]:
    """What is wrong with the statements of each work, and of one more when it is without its index."""
    # The first finds Redis empty, and puts back what the database has: nothing yet.
    await desk.send(TITLED | {"topic": "first"})
    await history.fill(url)
    seen: dict[str, dict[str, list[str]]] = {}
    for work in WORKS:
        desk.forget()
        watch.begin(ALLOWED.get(work, 1))
        await work(desk)
        seen[work.__name__] = watch.seen()
    index, work = NEEDED
    await database.connection().execute_script(f"DROP INDEX {index}")
    desk.forget()
    watch.begin()
    await work(desk)
    seen[index] = watch.seen()
    return seen


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
