"""Calls: what is asked, repeated and refused, decided without asking."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pandas as pd
import pytest

from app import __version__
from app.sdk import calls
from app.sdk.call import Call, Conversation, Outcome, Pause, Step, checked_url
from app.sdk.errors import BadParameter, NoKeys, NotReachable, OtherVersion, Refused

URL = "http://service"
ALIVE = httpx.Response(200, json={"status": "alive", "version": __version__})
AWAY = httpx.ConnectError("All connection attempts failed")


def begun(call: Call[Any], patience_seconds: float = 10) -> Generator[Step, Outcome, object]:
    """A conversation in which the service was greeted; the next step is the request."""
    steps = Conversation(URL, "token", patience_seconds).steps(call)
    greeting = next(steps)
    assert isinstance(greeting, httpx.Request)
    assert greeting.url.path == "/healthz"
    return steps


def asked(call: Call[Any]) -> httpx.Request:
    step = begun(call).send(ALIVE)
    assert isinstance(step, httpx.Request)
    return step


def finish(steps: Generator[Step, Outcome, object], outcome: Outcome) -> object:
    with pytest.raises(StopIteration) as end:
        steps.send(outcome)
    return end.value.value


def test_a_request_carries_the_token_and_a_key_of_its_own() -> None:
    one, other = (asked(calls.send(receiver_id=1, title_text="x")) for _ in range(2))
    assert (one.method, one.url.path) == ("POST", "/notifications")
    assert orjson.loads(one.content) == {"receiver_id": 1, "title_text": "x"}
    assert one.headers["Authorization"] == "Bearer token"
    assert one.headers["User-Agent"] == f"getnotified-sdk/{__version__}"
    assert one.headers["Idempotency-Key"] != other.headers["Idempotency-Key"]
    assert asked(calls.send(title_text="x", idempotency_key="mine")).headers["Idempotency-Key"] == "mine"


def test_what_is_none_is_left_out_and_moments_are_written_with_their_zone() -> None:
    moment = datetime(2030, 1, 31, 12, tzinfo=UTC)
    request = asked(calls.send_many([{"title_text": "x", "send_at": moment, "notes": None, "data": {"at": [moment]}}]))
    text = "2030-01-31T12:00:00+00:00"
    assert orjson.loads(request.content) == {
        "notifications": [{"title_text": "x", "send_at": text, "data": {"at": [text]}}]
    }
    assert asked(calls.reports(begin=moment)).url.params.multi_items() == [("from", text)]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(BadParameter, match="must have a time zone"):
        calls.send(title_text="x", send_at=datetime(2030, 1, 31))  # noqa: DTZ001  # that is the point


@pytest.mark.parametrize("uid", ["../metrics", "a/b", "a?b"])
def test_nothing_breaks_out_of_its_path(uid: str) -> None:
    assert asked(calls.report(uid)).url.raw_path.count(b"/") == 3


def test_the_service_is_greeted_once() -> None:
    conversation = Conversation(URL, "token")
    steps = conversation.steps(calls.catalogue())
    next(steps)
    steps.send(ALIVE)
    assert finish(steps, httpx.Response(200, json={"kinds": []})) == {"kinds": []}
    request = next(conversation.steps(calls.catalogue()))
    assert isinstance(request, httpx.Request)
    assert request.url.path == "/catalogue"


def test_nobody_there_is_said_at_once() -> None:
    steps = begun(calls.catalogue())
    with pytest.raises(NotReachable, match=r"http://service \(nobody listens there\)"):
        steps.send(AWAY)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"status":"alive"}', b'{"version":1}'])
def test_somebody_else_is_told_apart(body: bytes) -> None:
    steps = begun(calls.catalogue())
    with pytest.raises(OtherVersion) as error:
        steps.send(httpx.Response(200, content=body))
    assert error.value.theirs is None


@pytest.mark.parametrize("version", ["0.2.0", "1.1.0", "01.1"])
def test_another_release_is_told_apart(version: str) -> None:
    steps = begun(calls.catalogue())
    with pytest.raises(OtherVersion, match=f"getnotified {version} answers"):
        steps.send(httpx.Response(200, json={"version": version}))


def test_a_newer_patch_of_the_same_release_is_not() -> None:
    major, minor, _ = __version__.split(".")
    assert begun(calls.catalogue()).send(httpx.Response(200, json={"version": f"{major}.{minor}.999"}))


@pytest.mark.parametrize("outcome", [AWAY, httpx.ReadError("reset"), httpx.Response(503), httpx.Response(502)])
def test_what_got_no_answer_is_asked_again_in_the_same_words(outcome: Outcome) -> None:
    steps = begun(calls.send(receiver_id=1, title_text="x"))
    first = steps.send(ALIVE)
    assert isinstance(steps.send(outcome), Pause)
    assert steps.send(None) is first
    sent = {"uid": "u", "position": None, "event": "notice", "topic": "t", "date_sent": "2030-01-31T12:00:00Z"}
    answered = finish(steps, httpx.Response(202, json={"notifications": [sent]}))
    assert answered == [calls.Sent("u", None, "notice", None, "t", datetime(2030, 1, 31, 12, tzinfo=UTC), None, None)]


def test_the_service_may_say_how_long_to_wait() -> None:
    steps = begun(calls.catalogue())
    steps.send(ALIVE)
    pause = steps.send(httpx.Response(503, headers={"Retry-After": "3"}))
    assert isinstance(pause, Pause)
    assert pause.seconds == 3


def test_patience_has_an_end() -> None:
    steps = begun(calls.catalogue(), patience_seconds=0)
    steps.send(ALIVE)
    with pytest.raises(NotReachable, match="reset by somebody"):
        steps.send(httpx.ReadError("reset by somebody"))
    steps = begun(calls.catalogue(), patience_seconds=0)
    steps.send(ALIVE)
    problem = {"status": 503, "code": "database_unavailable", "detail": "Try again."}
    with pytest.raises(Refused, match="503 database_unavailable"):
        steps.send(httpx.Response(503, json=problem))


def test_a_refusal_is_final_and_has_its_reason() -> None:
    steps = begun(calls.catalogue())
    steps.send(ALIVE)
    errors = [{"loc": ["topic"], "msg": "is too long"}]
    with pytest.raises(Refused, match="topic is too long") as error:
        steps.send(httpx.Response(422, json={"status": 422, "code": "c", "detail": "d", "errors": errors}))
    assert (error.value.status, error.value.code, error.value.detail, error.value.errors) == (422, "c", "d", errors)


def test_a_refusal_of_something_in_front_of_the_service_is_one_too() -> None:
    steps = begun(calls.catalogue())
    steps.send(ALIVE)
    with pytest.raises(Refused, match=r"The service refused it \(413\): Request Entity Too Large"):
        steps.send(httpx.Response(413, content=b"<html>"))


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x", "http://", "http://[", "/", "http://h:abc", 8000])
def test_what_is_no_address_is_refused(url: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GETNOTIFIED_URL", "x")
    with pytest.raises(BadParameter, match="must be an address such as"):
        checked_url(url)


def test_address_and_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GETNOTIFIED_URL", "https://n.example.com/base/")
    monkeypatch.setenv("GETNOTIFIED_TOKEN", "secret")
    conversation = Conversation(None, None)
    assert (conversation.url, conversation.token) == ("https://n.example.com/base", "secret")
    monkeypatch.delenv("GETNOTIFIED_URL")
    monkeypatch.delenv("GETNOTIFIED_TOKEN")
    assert checked_url(None) == "http://127.0.0.1:8000"
    with pytest.raises(NoKeys, match="GETNOTIFIED_TOKEN"):
        Conversation(None, None)


def test_the_times_of_the_answer_are_read() -> None:
    sent = {"uid": "u", "position": "1-0", "event": "e", "receiver_id": 3, "date_sent": "2030-01-31T12:00:00.000001Z"}
    headers = {"Server-Timing": "commit;dur=2.312, carry;dur=0.540"}
    (read,) = calls.send(title_text="x").read(httpx.Response(201, json={"notifications": [sent]}, headers=headers))
    assert (read.commit_ms, read.carry_ms, read.receiver_id, read.topic) == (2.312, 0.54, 3, None)
    assert read.date_sent == datetime(2030, 1, 31, 12, microsecond=1, tzinfo=UTC)


def test_values_of_pandas_are_sent_as_they_are_meant() -> None:
    table = pd.DataFrame({"receiver_id": [1, 2], "title_text": ["a", "b"], "notes": ["x", float("nan")]})
    assert orjson.loads(asked(calls.send_many(table)).content) == {
        "notifications": [
            {"receiver_id": 1, "title_text": "a", "notes": "x"},
            {"receiver_id": 2, "title_text": "b"},
        ]
    }
    sent = asked(calls.send(title_text="x", receiver_ids=table["receiver_id"], data={"n": table["receiver_id"].max()}))
    assert orjson.loads(sent.content) == {"title_text": "x", "receiver_ids": [1, 2], "data": {"n": 2}}
    assert orjson.loads(asked(calls.send(title_text="x", receiver_ids={3})).content)["receiver_ids"] == [3]


@pytest.mark.parametrize("batch", [{"title_text": "x"}, "x", ["x"], None, 5])
def test_what_is_no_batch_is_refused(batch: Any) -> None:
    with pytest.raises(BadParameter, match="must be a list of dicts"):
        calls.send_many(batch)


def test_what_json_has_not_is_named() -> None:
    with pytest.raises(BadParameter, match="Decimal"):
        asked(calls.send(title_text="x", data={"amount": Decimal(1)}))


def test_a_notification_may_stand_for_its_uid() -> None:
    sent = calls.Sent("u", "1-0", "e", 1, None, datetime(2030, 1, 31, tzinfo=UTC), None, None)
    assert asked(calls.report(sent)).url.path == "/notifications/u/report"
    assert asked(calls.retract(sent)).url.path == "/notifications/u"
    assert orjson.loads(asked(calls.mark_read("u")).content) == {"read": ["u"]}
    with pytest.raises(BadParameter, match="must be the uid of a notification"):
        calls.report(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("token", ["secret token\nwith a line", "секрет"])
def test_what_is_no_token_is_not_repeated(token: str) -> None:
    with pytest.raises(NoKeys, match="characters that no token has") as error:
        Conversation(URL, token)
    assert token not in str(error.value)
    assert Conversation(URL, "token\n").token == "token"


def test_a_key_that_no_header_can_hold_is_refused() -> None:
    with pytest.raises(BadParameter, match="printable ASCII"):
        calls.send(title_text="x", idempotency_key="a\nb")


def test_a_token_that_has_expired_is_renewed_once() -> None:
    steps = Conversation(URL, "old", renew=lambda: "new").steps(calls.catalogue())
    next(steps)
    steps.send(ALIVE)
    expired = httpx.Response(401, json={"status": 401, "code": "token_expired", "detail": "d"})
    again = steps.send(expired)
    assert isinstance(again, httpx.Request)
    assert again.headers["Authorization"] == "Bearer new"
    with pytest.raises(Refused, match="token_expired"):
        steps.send(expired)
