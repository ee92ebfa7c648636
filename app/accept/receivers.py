"""Receivers: how those want to be told for whom a request is; kept in memory, for every request asks.

Forgotten when the log tells that something has changed, or that something may have been missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from tortoise.expressions import Q

from app import channel, database
from app.accept.known import Audience
from app.entry import Entry, Kind, SubscriptionChange
from app.models import Subscription
from app.preferences import COLUMNS, DEFAULT, Preferences, of_columns

# Past this all are forgotten: about 10 MB, and asking anew is one query.
CUSTOMERS_MAX = 100_000
TOPICS_MAX = 1_000


class Receivers:
    """Preferences by customer, and audiences by topic."""

    def __init__(self) -> None:
        self._preferences: dict[int, Preferences] = {}
        self._audiences: dict[str, Audience] = {}
        # Raised whenever something is forgotten: what was asked for before that may be out of date.
        self._version = 0
        self._wanted: set[int] = set()
        self._gathering: asyncio.Task[dict[int, Preferences]] | None = None
        self._one_query = asyncio.Lock()

    async def preferences(self, customer_ids: Collection[int]) -> dict[int, Preferences]:
        """The preferences of customers; of those never heard of, the defaults."""
        # Before the first await: what is known may be forgotten meanwhile.
        known = {each: self._preferences[each] for each in customer_ids if each in self._preferences}
        unknown = set(customer_ids) - known.keys()
        return known | await self._ask_preferences(unknown) if unknown else known

    async def audiences(self, topics: Iterable[str]) -> dict[str, Audience]:
        """Who is subscribed to topics."""
        return {topic: self._audiences.get(topic) or await self._ask_audience(topic) for topic in topics}

    def observe(self, entries: Sequence[Entry]) -> None:
        """Forgets what these entries of the log have changed."""
        for entry in entries:
            if entry.kind is Kind.SUBSCRIPTION:
                self._version += 1
                self._audiences.pop(SubscriptionChange.of_entry(entry).topic, None)
            elif entry.kind is Kind.CUSTOMER:
                self._version += 1
                self._preferences.pop(channel.receiver_id(entry.channel) or 0, None)
                self._audiences.clear()

    def forget(self) -> None:
        """Forgets all: changes may have been missed."""
        self._version += 1
        self._preferences.clear()
        self._audiences.clear()

    async def _ask_preferences(self, unknown: set[int]) -> dict[int, Preferences]:
        """Asks with all those who come while another query is running."""
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._ask_gathered(), name="ask preferences")
        self._wanted |= unknown
        asked = await asyncio.shield(self._gathering)  # others wait for it too
        return {each: asked[each] for each in unknown}

    async def _ask_gathered(self) -> dict[int, Preferences]:
        async with self._one_query:
            # Who comes from now on asks anew: what this query finds may be out of date by then.
            wanted, self._wanted, self._gathering = sorted(self._wanted), set(), None
            asked = dict.fromkeys(wanted, DEFAULT)
            version = self._version
            asked |= await _preferences_of(wanted)
        if version == self._version:
            if len(self._preferences) + len(asked) > CUSTOMERS_MAX:
                self._preferences.clear()
            self._preferences |= asked
        return asked

    async def _ask_audience(self, topic: str) -> Audience:
        version = self._version
        subscribed = Subscription.filter(topic=topic)
        holding_back = subscribed.filter(~Q(customer__muted_kinds="") | Q(customer__quiet_from__isnull=False))
        found = await holding_back.values_list("customer_id", *(f"customer__{column}" for column in COLUMNS))
        audience = Audience(
            await subscribed.count(), tuple((customer_id, of_columns(*columns)) for customer_id, *columns in found)
        )
        if version == self._version:
            if len(self._audiences) >= TOPICS_MAX:
                self._audiences.clear()
            self._audiences[topic] = audience
        return audience


async def _preferences_of(customer_ids: Sequence[int]) -> dict[int, Preferences]:
    """The preferences of those who have a row."""
    rows = await database.connection().execute_query_dict(
        f"SELECT c.id, {', '.join(f'c.{column}' for column in COLUMNS)}"
        f" FROM {database.given(id='bigint')} AS given CROSS JOIN customer c WHERE c.id = given.id",
        [database.rows((each,) for each in customer_ids)],
    )
    return {row["id"]: of_columns(*(row[column] for column in COLUMNS)) for row in rows}
