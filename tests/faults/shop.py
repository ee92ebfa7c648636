"""A sender as a good one is: what was not acknowledged it sends again, with the same key, before what comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from app.sdk.load import problem
from app.sdk.load.address import reach
from app.sdk.load.http import Head
from app.sdk.load.sender import Outcome, Sender
from tests.faults import mixture
from tests.faults.ledger import Ledger

ACCEPTED = (201, 202)
AGAIN_SECONDS = 0.5  # after no answer; what asks for another time gets it


class Shop:
    """Sends every so many of the mixture's requests, each when it is due.

    Args:
        urls: of the web processes. It goes to another when one does not take a request.
        token: its own.
        run: of the mixture.
        numbers: the first of its requests, and how many there are from one to the next.
        ledger: where it is written down what was answered.

    Attributes:
        refusals: answers that are none that a good sender should get.
    """

    def __init__(self, urls: Sequence[str], token: str, run: str, numbers: tuple[int, int], ledger: Ledger) -> None:
        self._token = token
        self._run = run
        self._numbers = numbers
        self._ledger = ledger
        self._turn = numbers[0]
        self._senders = [Sender(reach(url), None, self._answered) for url in urls]
        self._outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.refusals: list[str] = []

    async def run(self, begins_at: float, stopping: asyncio.Event) -> None:
        """Sends until it is to stop; what is in hand then is sent until it is acknowledged.

        Args:
            begins_at: when the first request of all is due (the loop's time).
        """
        loop = asyncio.get_running_loop()
        number, step = self._numbers
        while not stopping.is_set():
            due_at = begins_at + number * mixture.REQUEST_SECONDS
            if (seconds := due_at - loop.time()) > 0:
                await asyncio.sleep(seconds)
            if not stopping.is_set():
                await self.send(number)
            number += step

    async def send(self, number: int) -> None:
        """Sends a request until it is acknowledged."""
        request = mixture.request(number, self._run)
        raw = self._raw(request.body, f"{self._run}-{number}")
        self._ledger.sent += len(request.audiences)
        while True:
            outcome = await self._ask(raw)
            if outcome is not None and outcome[0].status in ACCEPTED:
                uids = [each["uid"] for each in orjson.loads(outcome[1])["notifications"]]
                self._ledger.acknowledge(uids, request.audiences)
                return
            if outcome is not None and outcome[0].status != 503:
                self.refusals.append(problem.sentence(problem.read(outcome[0].status, outcome[1])))
                return
            self._turn += 1
            await asyncio.sleep(AGAIN_SECONDS if outcome is None else _asked_seconds(outcome[0]))

    def close(self) -> None:
        for sender in self._senders:
            sender.close()

    async def _ask(self, raw: bytes) -> Outcome:
        self._outcome = asyncio.get_running_loop().create_future()
        self._senders[self._turn % len(self._senders)].send(raw)
        return await self._outcome

    def _answered(self, sender: Sender, outcome: Outcome) -> None:  # noqa: ARG002  # one at a time
        self._outcome.set_result(outcome)

    def _raw(self, body: bytes, key: str) -> bytes:
        return (
            f"POST /notifications HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {self._token}\r\n"
            f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def _asked_seconds(head: Head) -> float:
    """How long a 503 asks to wait: it must."""
    return float(head.fields["retry-after"])
