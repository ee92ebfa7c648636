"""A play of the scripted day on a running service, with the books of what it promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from tests.support import day
from tests.support.browser import Browser
from tests.support.day import Comes, Person
from tests.support.promise import Promise, Reader, Said, Span
from tests.support.service import Service
from tests.support.words import Words

PARTS = 12
WATCHER = 10_000  # is no part of the day: listens at every web process
FEW = 8


class Play:
    """The day, in parts, and all who take part in it.

    Attributes:
        promise: the books; whatever is done here is written down there.
        pages: everybody's browsers.
        alive: the numbers of the orders that have begun and not ended, in their order.
        loud_at: when quiet hours were ended.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.promise = Promise(Words())
        played = day.read()
        self.people = {person.number: person for person in played.people}
        self.parts = day.parts(played.lines, PARTS)
        self.pages = {person.number: self._pages_of(person) for person in played.people}
        self.watchers = [Browser(url, service.customer(WATCHER)) for url in service.urls]
        self.alive: dict[str, None] = {}
        self.loud_at: datetime | None = None
        self._opened: list[Browser] = []
        self._requests = 0

    def _pages_of(self, person: Person) -> list[Browser]:
        urls, token = self.service.urls, self.service.customer(person.number)
        last_id = "earliest" if person.comes == "late" else ""
        pages: list[Browser] = []
        for number in range(person.pages):
            pages.append(Browser(urls, token, last_id=last_id))
            pages[-1].attempts = person.number + number  # who comes back does it at the other process
        return pages

    # -- Requests -----------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, token: str, body: Any = None, **options: Any) -> Any:
        """A request to the one and the other web process by turns; its answer."""
        self._requests += 1
        web = self._requests % len(self.service.urls)
        answer = await self.service.request(method, path, token, body, web, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def as_customer(self, number: int, method: str, path: str, body: Any = None) -> Any:
        return await self.ask(method, path, self.service.customer(number), body)

    async def send(self, path: str, body: Any, **options: Any) -> tuple[list[dict[str, Any]], Span]:
        began = datetime.now(UTC)
        answer = await self.ask("POST", path, self.service.token("sender:shop"), body, **options)
        return answer["notifications"], Span(began, datetime.now(UTC))

    async def for_all(self, do: Callable[[Person], Awaitable[None]]) -> None:
        """Does something for everybody, a few at a time: with many connections httpx takes long for each."""
        few = asyncio.Semaphore(FEW)

        async def one(person: Person) -> None:
            async with few:
                await do(person)

        await asyncio.gather(*(one(person) for person in self.people.values()))

    async def reached(self) -> None:
        """Returns once every web process knows all that was said and changed up to now."""
        sent, _ = await self.send("/notifications", {"receiver_id": WATCHER, "event": "beacon", "title_text": "x"})
        for watcher in self.watchers:
            await watcher.until_position(sent[0]["position"])

    # -- What happens -------------------------------------------------------------------------------

    async def introduce(self, person: Person) -> None:
        profile = person.profile
        await self.ask("PUT", f"/customers/{person.number}", self.service.token("sender:shop"), profile)
        wishes: dict[str, Any] = {"muted_kinds": list(person.mutes)} if person.mutes else {}
        if person.is_quiet:
            wishes["quiet_hours"] = day.quiet_hours(person, datetime.now(UTC))
        if wishes:
            await self.as_customer(person.number, "PUT", "/preferences", wishes)
        for topic in person.topics:
            await self.as_customer(person.number, "PUT", f"/subscriptions/{topic}")
            self.promise.subscribers[topic].add(person.number)
        self.promise.readers[person.number] = Reader(
            person.number, profile["language"], profile["time_zone"], frozenset(person.mutes), person.is_quiet
        )

    async def part(self, number: int, *, repeated: bool = False) -> list[Said]:
        """What happens in a part of the day; with `repeated`, its sender tries again as if there had been no answer."""
        now = datetime.now(UTC)
        events = [day.event_of(line, now) for line in self.parts[number]]
        headers = {"Idempotency-Key": f"part {number}"}
        answer, span = await self.send("/order-events", {"events": events}, headers=headers)
        assert len(answer) == len(events)
        if repeated:
            again, _ = await self.send("/order-events", {"events": events}, headers=headers)
            of_orders = [each for each in events if "order_id" in each]
            anew, _ = await self.send("/order-events", {"events": of_orders})
            uids = [each["uid"] for each in answer]
            assert [each["uid"] for each in again] == uids
            assert [each["uid"] for each in anew] == [
                uid for uid, event in zip(uids, events, strict=True) if "order_id" in event
            ]
        for event in events:
            if event["event"] == "order.placed":
                self.alive[event["order_id"]] = None
            elif self.promise.words.kinds[event["event"]].get("ends_order"):
                del self.alive[event["order_id"]]
        return [self.promise.happened(event, answered, span) for event, answered in zip(events, answer, strict=True)]

    async def note(self, order_ids: Iterable[str]) -> None:
        """Something is said to all who take part in some orders."""
        drafts = [
            {
                "topic": f"order:{each}",
                "event": "order.note",
                "title_text": f"{each}: ring twice",
                "body_text": "Звонок не работает",
                "data": {"floor": 3},
            }
            for each in order_ids
        ]
        answer, span = await self.send("/notifications", {"notifications": drafts})
        for draft, answered in zip(drafts, answer, strict=True):
            self.promise.written(draft, answered, span)

    async def take_back(self, said: Said, *, announced: bool) -> None:
        await self.ask("DELETE", f"/notifications/{said.uid}", self.service.token("sender:shop"))
        self.promise.took_back(said, announced=announced)

    async def move(self, number: int, language: str, time_zone: str) -> None:
        wanted = {"language": language, "time_zone": time_zone}
        changed = await self.as_customer(number, "PUT", "/preferences", wanted)
        assert changed.items() >= wanted.items()
        reader = self.promise.readers[number]
        reader.language, reader.time_zone = language, time_zone
        await self.reached()

    async def end_quiet_hours(self) -> None:
        self.loud_at = datetime.now(UTC)
        for person in self.people.values():
            if person.is_quiet:
                await self.as_customer(person.number, "PUT", "/preferences", {"quiet_hours": None})
                self.promise.readers[person.number].is_quiet = False
        await self.reached()

    async def open_pages(self, *comes: Comes) -> None:
        """Of those who come in one of these ways."""
        opened = [person.number for person in self.people.values() if person.comes in comes]
        pages = [page for number in opened for page in self.pages[number]]
        for number in opened:
            self.promise.comes(number)
        synced = [len(page.events("synced")) for page in pages]
        for page in pages:
            self._opened.append(page.start())
        for page, before in zip(pages, synced, strict=True):
            await page.until_synced(before + 1)

    async def close_pages(self, comes: Comes) -> None:
        """Of those who come in this way, once they have seen what came at once."""
        for number in (person.number for person in self.people.values() if person.comes == comes):
            at_once = [told.said for told in self.promise.pushed(number) if told.when == "at once"]
            for page in self.pages[number]:
                if at_once:
                    await page.until(lambda page=page, last=at_once[-1]: last.uid in page.uids)  # type: ignore[misc]
                await page.close()
            self.promise.leaves(number)

    # -- Looking ------------------------------------------------------------------------------------

    def pick(self, said: Iterable[Said], comes: Comes, event: str | None = None) -> Said:
        """The first of these (of a kind) that goes to a customer who comes so, and has no other wishes."""
        for each in said:
            person = self.people.get(each.address.get("receiver_id", 0))
            is_told = person is not None and person.comes == comes and not (person.is_quiet or person.mutes)
            if is_told and each.event == (event or each.event) and not each.retracted:
                return each
        raise AssertionError(f"nobody who comes {comes} is told of {event or 'anything'}")

    async def until_shown(self, said: Said) -> None:
        page = self.pages[said.address["receiver_id"]][0]
        await page.until(lambda: said.uid in page.uids)

    def is_shown(self, said: Said) -> bool:
        return any(said.uid in page.uids for told in said.tells for page in self.pages[told.address["receiver_id"]])

    async def inbox(self, number: int) -> tuple[list[dict[str, Any]], int]:
        """All of it, the oldest first, and how much is said to be unread."""
        found: list[dict[str, Any]] = []
        query = ""
        while True:
            page = await self.as_customer(number, "GET", f"/inbox?limit=200{query}")
            found += page["notifications"]
            if page["next"] is None:
                return found[::-1], page["unread_count"]
            query = f"&before={page['next']}"

    async def leave(self) -> None:
        """Closes everything."""
        for page in [*self.watchers, *self._opened]:
            await page.close()


@asynccontextmanager
async def playing(service: Service) -> AsyncIterator[Play]:
    """A play that may begin."""
    play = Play(service)
    for watcher in play.watchers:
        watcher.start()
    try:
        for watcher in play.watchers:
            await watcher.until_synced()
        await play.for_all(play.introduce)
        await play.reached()
        yield play
    finally:
        await play.leave()
