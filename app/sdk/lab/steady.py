"""A sender that goes on sending while something else happens, such as a server that is killed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, Queue
from typing import Any, Self
from uuid import uuid4

from app.sdk.calls import Sent
from app.sdk.sender import Sender


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was answered.

    Attributes:
        notifications: what it asked for.
        key: its Idempotency-Key.
        asked_at, answered_at: this machine's clock; between them it was repeated until there was an answer.
    """

    notifications: Sequence[Mapping[str, Any]]
    key: str
    sent: list[Sent]
    asked_at: datetime
    answered_at: datetime


class Steady:
    """Sends one notification to all receivers again and again, from a thread of its own. Used with `with`.

    Args:
        sender: is closed at the end, and not for others meanwhile.
        receiver_ids: customers.
        rate: requests a second; fewer when one takes longer.
    """

    def __init__(self, sender: Sender, receiver_ids: Sequence[int], rate: float) -> None:
        self.requests: list[Request] = []
        self._sender = sender
        self._receiver_ids = list(receiver_ids)
        self._pause_seconds = 1 / rate
        self._number = 0
        self._wanted: Queue[int] = Queue()  # how many the next request has; 0: there is none
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="steady sender", daemon=True)

    @property
    def sent(self) -> list[Sent]:
        """All that was accepted."""
        return [each for request in self.requests for each in request.sent]

    def burst(self, count: int) -> None:
        """Makes the next request one of so many for each receiver, at once; does not wait for the answer."""
        self._wanted.put(count)

    def repeat(self) -> list[Sent]:
        """Sends every request once more, each with its key; what the service answers."""
        return [each for request in self.requests for each in self._send(request.notifications, request.key)]

    def stop(self) -> None:
        """Ends it, once the last request is answered.

        Raises:
            SdkError: a request failed; none was sent after it.
        """
        self._wanted.put(0)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.stop()
        except Exception:
            if kind is None:  # else what went wrong first is said
                raise
        finally:
            self._sender.close()

    def _run(self) -> None:
        try:
            count = 1
            while count:
                self._ask(count)
                count = self._next()
        except Exception as failure:  # `stop` raises it
            self._failure = failure

    def _next(self) -> int:
        try:
            return self._wanted.get(timeout=self._pause_seconds)
        except Empty:
            return 1

    def _ask(self, count: int) -> None:
        asked_at, key = datetime.now(UTC), str(uuid4())
        notifications = [self._notification() for _ in range(count)]
        sent = self._send(notifications, key)
        self.requests.append(Request(notifications, key, sent, asked_at, datetime.now(UTC)))

    def _notification(self) -> dict[str, Any]:
        self._number += 1
        return {"receiver_ids": self._receiver_ids, "title_text": f"Number {self._number}"}

    def _send(self, notifications: Sequence[Mapping[str, Any]], key: str) -> list[Sent]:
        return self._sender.send_many(notifications, idempotency_key=key)
