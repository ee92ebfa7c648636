"""The ledger: what is accepted, what is refused, and what is to be sent again."""

from __future__ import annotations

from array import array
from math import isnan

import orjson
import pytest

from app.sdk.load.http import Head
from app.sdk.load.ledger import Ledger
from app.sdk.load.message import Effort, Published
from app.sdk.load.plan import Plan
from app.sdk.load.script import Script

PLAN = Plan(rate=10, seconds=1, batch=2)
SENT = "2026-01-31T12:00:00.000500Z"


@pytest.fixture
def script() -> Script:
    return Script(PLAN, "abc")


@pytest.fixture
def ledger(script: Script) -> Ledger:
    return Ledger(script, PLAN.notifications)


def head(status: int, **fields: str) -> Head:
    return Head(status, {name.replace("_", "-"): value for name, value in fields.items()}, True)


def body(*uids: str) -> bytes:
    return orjson.dumps({"notifications": [{"uid": uid, "date_sent": SENT} for uid in uids]})


def published(ledger: Ledger) -> Published:
    return ledger.published(Effort(0, 1, array("d")))


def test_what_is_accepted_is_written_down_with_its_times(script: Script, ledger: Ledger) -> None:
    timed = head(201, server_timing="commit;dur=2.312, carry;dur=0.540")
    assert ledger.answered(1, script.request(1), timed, body("a", "b"), 50.0) is None
    found = published(ledger)
    assert found.uids[1:5] == ["", "a", "b", ""]
    assert found.accepted_at[2] == found.accepted_at[3] == 1_769_860_800.0005
    assert (found.commit_ms[1], found.carry_ms[1], found.answered_at[1]) == (2.312, 0.54, 50.0)
    assert (ledger.sent, ledger.accepted) == (2, 2)


def test_what_will_be_carried_later_is_accepted_too(script: Script, ledger: Ledger) -> None:
    assert ledger.answered(0, script.request(0), head(202, server_timing="commit;dur=1.0"), body("a", "b"), 1.0) is None
    assert ledger.accepted == 2
    assert isnan(published(ledger).carry_ms[0])


def test_a_refusal_is_counted_with_its_sentence(script: Script, ledger: Ledger) -> None:
    problem = orjson.dumps({"code": "token_expired", "detail": "The token has expired."})
    for index in (0, 1):
        assert ledger.answered(index, script.request(index), head(401), problem, 1.0) is None
    assert published(ledger).refused == {"401 token_expired: The token has expired.": 4}
    assert (ledger.sent, ledger.accepted) == (4, 0)


def test_so_is_an_answer_of_somebody_in_between(script: Script, ledger: Ledger) -> None:
    ledger.answered(0, script.request(0), head(413), b"<html>Too large</html>", 1.0)
    ledger.answered(1, script.request(1), head(404), b"", 1.0)
    ledger.answered(2, script.request(2), head(201), body("a"), 1.0)
    assert published(ledger).refused == {
        "413: <html>Too large</html>": 2,
        "404: no reason is given": 2,
        "201: the answer names 1 notifications": 2,
    }


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_sent_again_when_the_service_wants_it(script: Script, ledger: Ledger, status: int) -> None:
    ledger.attempts[0] = 1
    assert ledger.answered(0, script.request(0), head(status, retry_after="2"), b"", 1.0) == 2.0
    assert ledger.answered(0, script.request(0), head(status), b"", 1.0) == 0.1
    assert ledger.sent == 0


def test_a_lost_connection_is_made_anew_at_once_and_then_ever_later(ledger: Ledger) -> None:
    pauses = []
    for attempts in (1, 2, 3, 4, 5, 6, 7, 50):
        ledger.attempts[0] = attempts
        pauses.append(ledger.pause_seconds(0))
    assert pauses == [0.0, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


def test_what_got_no_answer_in_time_is_counted(script: Script, ledger: Ledger) -> None:
    ledger.given_up(script.request(4))
    assert published(ledger).unanswered == 2
    assert (ledger.sent, ledger.accepted) == (2, 0)
