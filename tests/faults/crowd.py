"""Connections as browsers hold them, over several web processes: each comes back by itself, to another of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from app.sdk.load import problem
from app.sdk.load.address import reach
from app.sdk.load.customer import Customer
from app.sdk.load.message import Refusal
from tests.faults import mixture
from tests.faults.ledger import Sightings


class Crowd:
    """One connection for each customer. It is the `Line` of theirs.

    Args:
        urls: of the web processes; whoever comes back goes to the next.
        tokens: of the customers, by their numbers.
        sightings: where what arrives is written down.

    Attributes:
        up_to_date: how often a connection was.
        gaps: how often one was told that history is gone.
        refusals: why one was not let in.
    """

    def __init__(self, urls: Sequence[str], tokens: Mapping[int, str], sightings: Sightings) -> None:
        self._servers = [reach(url) for url in urls]
        self._loop = asyncio.get_running_loop()
        # Each with the number of the server that it goes to next.
        self._customers = {
            Customer(number, self._request(number, token), self, sightings, None): number
            for number, token in tokens.items()
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False
        self.up_to_date = 0
        self.gaps = 0
        self.refusals: list[str] = []

    @property
    def out_of_order(self) -> int:
        """Events that did not come in the order of their positions."""
        return sum(each.out_of_order for each in self._customers)

    def open(self) -> None:
        for customer in self._customers:
            self._open(customer)

    def close(self) -> None:
        self._over = True
        for task in self._tasks:
            task.cancel()
        for customer in self._customers:
            customer.close()

    # -- What customers tell ------------------------------------------------------------------------

    def synced(self, again: bool) -> None:  # noqa: ARG002  # the Line's
        self.up_to_date += 1

    def gap(self) -> None:
        self.gaps += 1

    def lost(self, customer: Customer, seconds: float) -> None:
        self._loop.call_later(seconds, self._open, customer)

    def refused(self, refusal: Refusal) -> None:
        self.refusals.append(problem.sentence(refusal))

    # -- Inside -------------------------------------------------------------------------------------

    def _open(self, customer: Customer) -> None:
        if not self._over:
            task = self._loop.create_task(self._connect(customer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, customer: Customer) -> None:
        turn = self._customers[customer]
        self._customers[customer] += 1
        server = self._servers[turn % len(self._servers)]
        try:
            await self._loop.create_connection(lambda: customer, server.host, server.port)
        except OSError:
            self.lost(customer, customer.retry_seconds)

    def _request(self, number: int, token: str) -> bytes:
        query = urlencode([("topic", topic) for topic in mixture.topics(number)])
        return (
            f"GET /stream?{query} HTTP/1.1\r\nHost: {self._servers[0].authority}\r\n"
            f"Accept: text/event-stream\r\nAuthorization: Bearer {token}\r\n"
        ).encode()
