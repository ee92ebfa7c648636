"""A sender that goes on by itself. A sender that is there to be asked stands in for the real one."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from app.sdk import NotReachable, Sender
from app.sdk.calls import Sent
from app.sdk.lab.steady import Steady

SECONDS = 5.0
RECEIVERS = [7, 8]


class Asked:
    """Answers as the service does: the same key gets the same answer."""

    def __init__(self, wanted: int, failure: Exception | None = None) -> None:
        self.bodies: list[Sequence[Mapping[str, Any]]] = []
        self.enough = threading.Event()
        self.closed = False
        self._wanted = wanted
        self._failure = failure
        self._answers: dict[str, list[Sent]] = {}

    def send_many(self, notifications: Sequence[Mapping[str, Any]], idempotency_key: str) -> list[Sent]:
        if self._failure is not None:
            self.enough.set()
            raise self._failure
        self.bodies.append(notifications)
        if len(self.bodies) == self._wanted:
            self.enough.set()
        return self._answers.setdefault(
            idempotency_key,
            [
                Sent(f"{idempotency_key} {number}", "1-0", "notice", receiver_id, None, datetime.now(UTC), None, None)
                for number in range(len(notifications))
                for receiver_id in RECEIVERS
            ],
        )

    def close(self) -> None:
        self.closed = True


def steady(sender: Asked, rate: float = 1000) -> Steady:
    return Steady(cast(Sender, sender), RECEIVERS, rate)


def test_it_sends_to_all_until_it_is_stopped_and_closes_its_sender() -> None:
    sender = Asked(wanted=3)
    with steady(sender) as sending:
        assert sender.enough.wait(SECONDS)
        sending.stop()
        sent = sending.sent
        assert len(sent) == len(RECEIVERS) * len(sender.bodies)
        assert [each.receiver_id for each in sent[:2]] == RECEIVERS
    assert sender.closed
    titles = [body[0]["title_text"] for body in sender.bodies]
    assert titles == [f"Number {number}" for number in range(1, len(titles) + 1)]
    assert all(request.asked_at <= request.answered_at for request in sending.requests)


def test_a_burst_is_the_next_request_and_does_not_wait_for_its_turn() -> None:
    sender = Asked(wanted=2)
    with steady(sender, rate=0.001) as sending:
        sending.burst(5)
        assert sender.enough.wait(SECONDS)
    assert [len(body) for body in sender.bodies] == [1, 5]


def test_what_is_repeated_has_the_key_that_it_had() -> None:
    sender = Asked(wanted=3)
    with steady(sender) as sending:
        assert sender.enough.wait(SECONDS)
        sending.stop()
        assert sending.repeat() == sending.sent


def test_why_it_could_not_go_on_is_said_when_it_is_stopped() -> None:
    sender = Asked(wanted=1, failure=NotReachable("http://127.0.0.1:1", "nobody listens there"))
    with pytest.raises(NotReachable), steady(sender):
        assert sender.enough.wait(SECONDS)
    assert sender.closed


def test_what_went_wrong_meanwhile_is_said_rather() -> None:
    sender = Asked(wanted=1, failure=NotReachable("http://127.0.0.1:1", "nobody listens there"))
    with pytest.raises(KeyError), steady(sender):
        raise KeyError(sender.enough.wait(SECONDS))
