"""Many do many things at the same time, on every process, with the same orders and customers: nobody is refused."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx

from tests.support.clock import moment, quiet_now
from tests.support.service import Service

SECONDS = 2.0
KINDS = ("order.placed", "order.created", "order.ready", "courier.nearby", "order.delivered")


class Crowd:
    """Those who ask a service, and what they were answered. Always the same in the same order for each."""

    def __init__(self, service: Service, customers: list[int], topic: str) -> None:
        self._service = service
        self._customers = customers
        self._topic = topic
        self._uids: deque[str] = deque(maxlen=200)
        self._ends_at = time.monotonic() + SECONDS
        self.answers: Counter[tuple[str, str, int]] = Counter()

    async def run(self) -> None:
        parts = (self._report, self._send, self._wish, self._read, self._take_back)
        webs = range(len(self._service.urls))
        await asyncio.gather(*(self._go_on(part, web, seed) for seed, part in enumerate(parts * 2) for web in webs))

    async def _go_on(self, part: Callable[[random.Random, int], Awaitable[None]], web: int, seed: int) -> None:
        chance = random.Random(seed * 100 + web)
        while time.monotonic() < self._ends_at:
            await part(chance, web)

    async def _ask(self, method: str, path: str, subject: str, body: Any, web: int) -> httpx.Response:
        answer = await self._service.request(method, path, self._service.token(subject), body, web)
        self.answers[method, path.split("/")[1].partition("?")[0], answer.status_code] += 1
        if answer.status_code in (201, 202) and "notifications" in answer.json():
            self._uids.extend(each["uid"] for each in answer.json()["notifications"])
        return answer

    async def _report(self, chance: random.Random, web: int) -> None:
        events = [
            {
                "event": chance.choice(KINDS),
                "order_id": f"{self._topic}-{chance.randrange(12)}-{int(time.monotonic())}",
                "customer_id": chance.choice(self._customers),
                "courier_id": chance.choice(self._customers),
                "kitchen_id": chance.choice(self._customers),
                "sequence": chance.randrange(50),
            }
            for _ in range(chance.randint(1, 6))
        ]
        await self._ask("POST", "/order-events", "sender:shop", {"events": events}, web)

    async def _send(self, chance: random.Random, web: int) -> None:
        later = {"send_at": moment(chance.random())} if chance.random() < 0.3 else {}
        to: list[dict[str, Any]] = [{"receiver_ids": chance.sample(self._customers, 4)}, {"topic": self._topic}]
        notifications = [{"title_text": "x", "event": chance.choice(KINDS), **each, **later} for each in to]
        await self._ask("POST", "/notifications", "sender:shop", {"notifications": notifications}, web)

    async def _wish(self, chance: random.Random, web: int) -> None:
        customer = chance.choice(self._customers)
        wishes: list[dict[str, Any]] = [
            {"quiet_hours": quiet_now(chance.randint(1, 3))},
            {"quiet_hours": None},
            {"muted_kinds": ["order.ready"]},
            {"muted_kinds": [], "language": "ru"},
        ]
        await self._ask("PUT", "/preferences", f"customer:{customer}", chance.choice(wishes), web)
        await self._ask("PUT", f"/customers/{customer}", "sender:shop", {"language": "en"}, web)

    async def _read(self, chance: random.Random, web: int) -> None:
        customer = f"customer:{chance.choice(self._customers)}"
        await self._ask("PUT", f"/subscriptions/{self._topic}", customer, None, web)
        inbox = await self._ask("GET", "/inbox?limit=20", customer, None, web)
        uids = [each["uid"] for each in inbox.json().get("notifications", [])]
        if uids:
            await self._ask("POST", "/receipts", customer, {"received": uids, "read": uids[:10]}, web)
        await self._ask("GET", f"/reports?event={chance.choice(KINDS)}", "ops:analyst", None, web)

    async def _take_back(self, chance: random.Random, web: int) -> None:
        if self._uids:
            await self._ask("DELETE", f"/notifications/{chance.choice(list(self._uids))}", "sender:shop", None, web)
        await asyncio.sleep(0.02)  # a sender who takes everything back leaves nothing to do to the others


async def test_whatever_is_done_at_the_same_time_nobody_hears_of_an_error(
    service: Service, topic: str, customers: Iterator[int]
) -> None:
    crowd = Crowd(service, [next(customers) for _ in range(8)], topic)
    await crowd.run()
    # 409: the same order event, by chance, with other parties.
    refused = {each: count for each, count in crowd.answers.items() if each[2] >= 400 and each[2] != 409}
    assert not refused, crowd.answers
