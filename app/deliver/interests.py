"""Interests: the topics to which the customers with open connections are subscribed, kept in memory.

Loaded when a customer's first connection opens, kept up to date by the log, and for a while after the last one, for
browsers come back.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

Topics = dict[str, int]
Load = Callable[[Sequence[int]], Awaitable[dict[int, Topics]]]

# Customers of one query: those who come while another is running are gathered.
LOAD_MAX = 500
# Between two queries, so that in a storm of reconnects each is for many. A single browser waits for none.
GATHER_SECONDS = 0.02
# Customers remembered without a connection, about 300 bytes each.
LEFT_MAX = 20_000


class Interests:
    """Topics by customer, each with the position at which it was subscribed to.

    Args:
        load: the subscriptions of some customers, from the database.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._holders: Counter[int] = Counter()
        self._known: dict[int, Topics] = {}
        # Those of them who have no connection any more, who left last at the end.
        self._left: dict[int, None] = {}
        self._following = True
        self._losses = 0
        self._loading: dict[int, asyncio.Task[None]] = {}
        self._gathered: list[int] = []
        self._one_query = asyncio.Lock()
        self._next_query = 0.0
        self._clock = time.monotonic
        # What the log told while a customer was being loaded: the query may have been before or after it.
        self._changes: dict[int, list[tuple[str, int | None]]] = {}

    def hold(self, customer_id: int) -> None:
        """A connection of the customer begins: what is known of the customer is kept until it is released."""
        self._holders[customer_id] += 1
        self._left.pop(customer_id, None)

    def release(self, customer_id: int) -> None:
        """A connection of the customer has ended."""
        self._holders[customer_id] -= 1
        if self._holders[customer_id]:
            return
        del self._holders[customer_id]
        if not self._following:
            self._known.pop(customer_id, None)
        elif customer_id in self._known:
            self._left[customer_id] = None
            if len(self._left) > LEFT_MAX:
                self._forget(next(iter(self._left)))

    async def of(self, customer_id: int) -> Topics:
        """The topics of a customer who is held; without a query if they are known."""
        if customer_id not in self._known:
            if customer_id not in self._loading:
                self._gather(customer_id)
            # Shielded: others may wait for the same query.
            await asyncio.shield(self._loading[customer_id])
        return self._known[customer_id]

    def change(self, customer_id: int, topic: str, position: int | None) -> None:
        """The log tells that a customer has subscribed to a topic at a position, or (None) no longer is."""
        if customer_id in self._loading:
            self._changes.setdefault(customer_id, []).append((topic, position))
        if customer_id in self._known:
            _apply(self._known[customer_id], topic, position)

    def lost(self) -> None:
        """Changes are missed from now on, until `reload`: only of those who are held is known what was."""
        self._following = False
        self._losses += 1
        for customer_id in list(self._left):
            self._forget(customer_id)

    async def reload(self) -> dict[int, Topics]:
        """Loads all that is held anew, because changes may have been missed; returns it."""
        self.lost()
        losses = self._losses
        if self._loading:  # these looked before, and may have looked too early
            await asyncio.wait(set(self._loading.values()))
        held = list(self._holders)
        for start in range(0, len(held), LOAD_MAX):
            await self._start_loading([each for each in held[start : start + LOAD_MAX] if each not in self._loading])
        self._following = losses == self._losses  # else the log was lost again meanwhile
        return {each: self._known[each] for each in held if each in self._known}

    def _forget(self, customer_id: int) -> None:
        del self._left[customer_id]
        del self._known[customer_id]

    def _gather(self, customer_id: int) -> None:
        if not self._gathered or len(self._gathered) >= LOAD_MAX:
            self._gathered = []
            self._gathering = asyncio.create_task(self._load_gathered(self._gathered), name="load interests")
        self._gathered.append(customer_id)
        self._loading[customer_id] = self._gathering

    async def _load_gathered(self, customer_ids: list[int]) -> None:
        async with self._one_query:
            await asyncio.sleep(self._next_query - self._clock())
            self._next_query = self._clock() + GATHER_SECONDS
            if self._gathered is customer_ids:
                self._gathered = []
            await self._load_and_keep(customer_ids)

    def _start_loading(self, customer_ids: Sequence[int]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._load_and_keep(customer_ids), name="load interests")
        self._loading |= dict.fromkeys(customer_ids, task)
        return task

    async def _load_and_keep(self, customer_ids: Sequence[int]) -> None:
        try:
            loaded = await self._load(customer_ids)
            for customer_id in customer_ids:
                topics = loaded.get(customer_id, {})
                for topic, position in self._changes.get(customer_id, ()):
                    _apply(topics, topic, position)
                if customer_id in self._holders:
                    self._known[customer_id] = topics
        finally:
            for customer_id in customer_ids:
                self._changes.pop(customer_id, None)
                del self._loading[customer_id]


def _apply(topics: Topics, topic: str, position: int | None) -> None:
    if position is None:
        topics.pop(topic, None)
    else:
        topics.setdefault(topic, position)  # who subscribes a second time keeps the first one's position
