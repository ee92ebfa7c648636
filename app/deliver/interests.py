"""Interests: the topics to which the customers with open connections are subscribed, kept in memory.

Loaded when a customer's first connection opens, kept up to date by the log, forgotten after the last one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

Topics = dict[str, int]
Load = Callable[[Sequence[int]], Awaitable[dict[int, Topics]]]

LOAD_MAX = 500


class Interests:
    """Topics by customer, each with the position at which it was subscribed to.

    Args:
        load: the subscriptions of some customers, from the database.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._holders: Counter[int] = Counter()
        self._known: dict[int, Topics] = {}
        self._loading: dict[int, asyncio.Task[None]] = {}
        # What the log told while a customer was being loaded: the query may have been before or after it.
        self._changes: dict[int, list[tuple[str, int | None]]] = {}

    def hold(self, customer_id: int) -> None:
        """A connection of the customer begins: what is known of the customer is kept until it is released."""
        self._holders[customer_id] += 1

    def release(self, customer_id: int) -> None:
        self._holders[customer_id] -= 1
        if not self._holders[customer_id]:
            del self._holders[customer_id]
            self._known.pop(customer_id, None)

    async def of(self, customer_id: int) -> Topics:
        """The topics of a customer who is held; without a query if they are known."""
        if customer_id not in self._known:
            if customer_id not in self._loading:
                self._start_loading([customer_id])
            # Shielded: others may wait for the same query.
            await asyncio.shield(self._loading[customer_id])
        return self._known[customer_id]

    def change(self, customer_id: int, topic: str, position: int | None) -> None:
        """The log tells that a customer has subscribed to a topic at a position, or (None) no longer is."""
        if customer_id in self._loading:
            self._changes.setdefault(customer_id, []).append((topic, position))
        if customer_id in self._known:
            _apply(self._known[customer_id], topic, position)

    async def reload(self) -> dict[int, Topics]:
        """Loads all that is held anew, because changes may have been missed; returns it."""
        if self._loading:  # these looked before, and may have looked too early
            await asyncio.wait(set(self._loading.values()))
        held = list(self._holders)
        for start in range(0, len(held), LOAD_MAX):
            await self._start_loading([each for each in held[start : start + LOAD_MAX] if each not in self._loading])
        return {each: self._known[each] for each in held if each in self._known}

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
