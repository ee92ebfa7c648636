"""`POST /notifications`, as a sender sees it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest

from app.auth import Tokens
from tests.support.api import Api, borrowed, opened, problem
from tests.support.service import Dev
from tests.support.shared import Shared

POSITION = re.compile(r"[0-9]{13}-[0-9]+")


@pytest.fixture(scope="module")
def api(shared: Shared) -> Iterator[Api]:
    with borrowed(shared, Dev) as api:
        yield api


def draft(**fields: Any) -> dict[str, Any]:
    return {"receiver_id": 1, "title_text": "Hello"} | fields


# -- What is accepted -------------------------------------------------------------------------------


def test_one_notification_is_answered_with_201_its_uid_and_its_position(api: Api) -> None:
    response = api.send(draft())
    assert response.status_code == 201
    assert response.headers["Content-Type"] == "application/json"
    (shown,) = response.json()["notifications"]
    assert set(shown) == {"uid", "position", "event", "receiver_id", "date_sent"}
    assert UUID(shown["uid"]).version == 7
    assert POSITION.fullmatch(shown["position"])
    assert (shown["event"], shown["receiver_id"]) == ("notice", 1)


def test_the_answer_tells_how_long_the_commit_and_the_log_took(api: Api) -> None:
    response = api.send(draft(), "timed")
    timing = re.fullmatch(r"commit;dur=([0-9]+\.[0-9]{3}), carry;dur=([0-9]+\.[0-9]{3})", _timing(response))
    assert timing is not None
    assert 0 < float(timing[1]) + float(timing[2]) < response.elapsed.total_seconds() * 1000
    later = api.send(draft(send_at=api.moment(3600)))
    assert re.fullmatch(r"commit;dur=[0-9]+\.[0-9]{3}", _timing(later)), "nothing was carried yet"
    assert "Server-Timing" not in api.send(draft(), "timed").headers, "an earlier request did it"


def _timing(response: httpx.Response) -> str:
    timing: str = response.headers["Server-Timing"]
    return timing


def test_a_batch_is_answered_in_its_order_with_rising_positions(api: Api) -> None:
    batch = [draft(receiver_id=3), {"topic": "t", "title_text": "x"}, {"receiver_ids": [5, 4], "title_text": "y"}]
    response = api.send({"notifications": batch})
    assert response.status_code == 201
    shown = response.json()["notifications"]
    assert [each.get("receiver_id", each.get("topic")) for each in shown] == [3, "t", 5, 4]
    positions = [tuple(map(int, each["position"].split("-"))) for each in shown]
    assert positions == sorted(set(positions))


def test_a_thousand_in_one_request_are_accepted_and_one_more_is_not(api: Api) -> None:
    assert len(api.send({"notifications": [draft()] * 1000}).json()["notifications"]) == 1000
    errors = problem(api.send({"notifications": [draft()] * 1001}), 422, "invalid_fields")
    assert [each["loc"] for each in errors] == [["notifications"]]
    errors = problem(api.send({"notifications": []}), 422, "invalid_fields")
    assert [each["loc"] for each in errors] == [["notifications"]]


def test_a_request_is_for_ten_thousand_receivers_at_the_most(api: Api) -> None:
    many = {"receiver_ids": list(range(10_000, 11_000)), "title_text": "x"}
    assert len(api.send({"notifications": [many] * 10}).json()["notifications"]) == 10_000
    problem(api.send({"notifications": [many] * 11}), 422, "invalid_fields")


def test_what_was_sent_is_shown_as_it_was_sent(api: Api) -> None:
    text = "Zeile 1\r\nZeile 2\rZeile 3\n\u2028\u0085\u000b\x1b[31m id: 1-1\n\nevent: drain\ndata: x\n\n🛵 \u202e"
    sent = {
        "receiver_id": 2077,
        "title_text": text[:200],
        "body_text": text,
        "notes": text,
        "event": "order.out_for_delivery",
        "data": {"k": text, "n": [1, 2.5, None, {"x": True}], "": "\u0000"},
        "priority": "high",
        "expires_at": "2099-12-31T23:59:59.5+02:00",
        "collapse_key": text[:100],
    }
    response = api.send(sent)
    assert response.status_code == 201, response.text
    (shown,) = api.get("/inbox", api.customer(2077)).json()["notifications"]
    assert shown | sent | {"expires_at": "2099-12-31T21:59:59.500000Z"} == shown
    assert shown["sender_id"] == "sender:shop"
    (streamed,) = api.stream(api.customer(2077), until="synced", query={"last_event_id": "earliest"}).of("notification")
    assert streamed == {name: shown[name] for name in streamed}


def test_a_scheduled_notification_is_answered_with_202_and_is_in_no_inbox_before_its_time(api: Api) -> None:
    response = api.send(draft(receiver_id=2078, send_at=api.moment(3600)))
    assert response.status_code == 202
    assert response.json()["notifications"][0]["position"] is None
    assert api.get("/inbox", api.customer(2078)).json()["notifications"] == []


def test_send_at_in_the_past_is_now(api: Api) -> None:
    response = api.send(draft(send_at="2020-01-01T00:00:00Z"))
    assert response.status_code == 201


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-12:00"])
def test_a_far_end_is_taken_or_refused_and_no_bug(api: Api, moment: str) -> None:
    assert api.send(draft(receiver_id=2079, expires_at=moment)).status_code in (201, 422)
    assert api.get("/inbox", api.customer(2079)).status_code == 200


# -- What is not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "locs"),
    [
        ({"topic": "t"}, [["topic"]]),
        ({"receiver_ids": [1]}, [["receiver_ids"]]),
        ({"receiver_id": None}, [["receiver_id"]]),
        ({"receiver_id": "1"}, [["receiver_id"]]),
        ({"receiver_id": -1}, [["receiver_id"]]),
        ({"receiver_id": 2**63}, [["receiver_id"]]),
        ({"receiver_id": 10**400}, [["receiver_id"]]),
        ({"receiver_id": True}, [["receiver_id"]]),
        ({"receiver_id": 1.5}, [["receiver_id"]]),
        ({"receiver_id": None, "receiver_ids": []}, [["receiver_ids"]]),
        ({"receiver_id": None, "receiver_ids": [1, "2"]}, [["receiver_ids", 1]]),
        ({"receiver_id": None, "receiver_ids": list(range(1001))}, [["receiver_ids"]]),
        ({"receiver_id": None, "topic": ""}, [["topic"]]),
        ({"receiver_id": None, "topic": "a b"}, [["topic"]]),
        ({"receiver_id": None, "topic": "t\n"}, [["topic"]]),
        ({"receiver_id": None, "topic": "ü"}, [["topic"]]),
        ({"receiver_id": None, "topic": "t" * 101}, [["topic"]]),
        ({"title_text": ""}, [["title_text"]]),
        ({"title_text": " \n\t"}, [["title_text"]]),
        ({"title_text": "x" * 201}, [["title_text"]]),
        ({"title_text": None}, [["title_text"]]),
        ({"title_text": 1}, [["title_text"]]),
        ({"title_text": "a\x00b"}, [["title_text"]]),
        ({"body_text": "x" * 4001}, [["body_text"]]),
        ({"body_text": "\x00"}, [["body_text"]]),
        ({"notes": "\x00"}, [["notes"]]),
        ({"notes": "x" * 4001}, [["notes"]]),
        ({"event": ""}, [["event"]]),
        ({"event": "Order"}, [["event"]]),
        ({"event": "order.\nx"}, [["event"]]),
        ({"event": "order\n"}, [["event"]]),
        ({"event": "x" * 101}, [["event"]]),
        ({"data": []}, [["data"]]),
        ({"data": "{}"}, [["data"]]),
        ({"data": {"x": "y" * 16_384}}, [["data"]]),
        ({"data": {"x": 10**30}}, [["data"]]),
        ({"priority": "urgent"}, [["priority"]]),
        ({"send_at": "tomorrow"}, [["send_at"]]),
        ({"send_at": "2099-01-01T00:00:00Z"}, [["send_at"]]),
        ({"send_at": "2020-01-01T00:00:00"}, [["send_at"]]),
        ({"send_at": 1700000000}, [["send_at"]]),
        ({"expires_at": "2020-01-01T00:00:00Z"}, [["expires_at"]]),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, [["expires_at"]]),
        ({"collapse_key": ""}, [["collapse_key"]]),
        ({"collapse_key": "\x00"}, [["collapse_key"]]),
        ({"uid": "018f0000-0000-7000-8000-000000000000"}, [["uid"]]),
        ({"sender_id": "sender:other", "title_text": ""}, [["title_text"], ["sender_id"]]),
    ],
)
def test_every_bad_field_is_named_in_one_and_in_a_batch(
    api: Api, fields: dict[str, Any], locs: list[list[Any]]
) -> None:
    bad = {name: value for name, value in draft(**fields).items() if not (name == "receiver_id" and value is None)}
    errors = problem(api.send(bad), 422, "invalid_fields")
    assert sorted(each["loc"] for each in errors) == sorted(locs)
    assert all(each["msg"] for each in errors)
    errors = problem(api.send({"notifications": [draft(), bad]}), 422, "invalid_fields")
    assert sorted(each["loc"] for each in errors) == sorted(["notifications", 1, *loc] for loc in locs)


def test_a_batch_with_one_bad_notification_stores_nothing(api: Api) -> None:
    problem(
        api.send({"notifications": [draft(receiver_id=2080), draft(receiver_id=2080, title_text="")]}),
        422,
        "invalid_fields",
    )
    assert api.get("/inbox", api.customer(2080)).json()["notifications"] == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"null{}", b'{"receiver_id": 1, "title_text": "\\ud800"}', b"[" * 100_000],
)
def test_what_is_not_json_is_refused_with_400(api: Api, body: bytes) -> None:
    problem(api.post_bytes("/notifications", body, api.sender), 400, "invalid_json")


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b'"x"', b"1", b'{"notifications": {}}', b'{"notifications": [1]}', b"{}"]
)
def test_json_of_another_form_is_refused_with_422(api: Api, body: bytes) -> None:
    assert problem(api.post_bytes("/notifications", body, api.sender), 422, "invalid_fields")


def test_a_body_over_the_limit_is_refused_with_413_however_it_is_sent(api: Api) -> None:
    body = b" " * (1024 * 1024 + 1)
    problem(api.post_bytes("/notifications", body, api.sender), 413, "body_too_large")
    problem(api.post_bytes("/notifications", iter([body[:600_000], body[:600_000]]), api.sender), 413, "body_too_large")
    assert api.send(draft()).status_code == 201


# -- Who may ----------------------------------------------------------------------------------------


def test_a_token_is_needed_and_must_be_ours_and_in_its_time(api: Api) -> None:
    forged = Tokens("x" * 40).sign("sender:shop", "sender")
    unsigned = jwt.encode({"sub": "sender:shop", "role": "sender"}, None, "none")
    for token, code in (
        (None, "token_missing"),
        ("nonsense", "token_invalid"),
        (forged, "token_invalid"),
        (unsigned, "token_invalid"),
        (api.sender[:-3] + "AAA", "token_invalid"),
        (api.service.token("sender:shop", days=-1), "token_expired"),
        (api.signed(sub="customer:1", role="sender"), "token_invalid"),
        (api.signed(sub="customer:x", role="customer"), "token_invalid"),
        (api.signed(role="sender"), "token_invalid"),
        (api.signed(sub="sender:shop", role="sender", topics="t"), "token_invalid"),
        (api.signed(sub="sender:shop", role="sender", exp="x"), "token_invalid"),
    ):
        response = api.post("/notifications", draft(), token)
        problem(response, 401, code)
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_scheme_other_than_bearer_is_no_token(api: Api) -> None:
    response = httpx.post(f"{api.url}/notifications", json=draft(), auth=("sender", "shop"), trust_env=False)
    problem(response, 401, "token_missing")


@pytest.mark.parametrize("role", ["admin", None, 1, ["sender"]])
def test_an_unknown_role_is_refused_with_403(api: Api, role: object) -> None:
    problem(api.post("/notifications", draft(), api.signed(sub="sender:shop", role=role)), 403, "role_unknown")


def test_only_senders_send(api: Api) -> None:
    for token in (api.customer(1), api.ops):
        problem(api.post("/notifications", draft(), token), 403, "role_not_allowed")


def test_a_sender_is_bound_to_the_topics_of_its_token(api: Api) -> None:
    bounded = api.service.token("sender:shop", ["order.*", "news"])
    assert api.post("/notifications", {"topic": "order.created", "title_text": "x"}, bounded).status_code == 201
    assert api.post("/notifications", draft(), bounded).status_code == 201
    errors = problem(
        api.post("/notifications", {"topic": "news2", "title_text": "x"}, bounded), 403, "topic_not_allowed"
    )
    assert [each["loc"] for each in errors] == [["topic"]]
    one = {"notifications": [{"topic": "news2", "title_text": "x"}]}
    errors = problem(api.post("/notifications", one, bounded), 403, "topic_not_allowed")
    assert [each["loc"] for each in errors] == [["notifications", 0, "topic"]]


# -- Idempotency-Key --------------------------------------------------------------------------------


def test_the_same_key_and_body_again_get_the_same_answer_and_send_nothing(api: Api) -> None:
    for number in range(20):  # the first answer's positions may still be on their way into the rows
        key = f"again-{number}"
        first = api.send(draft(receiver_id=2090), key=key)
        again = api.send(draft(receiver_id=2090), key=key)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert first.status_code == 201
    assert len(api.get("/inbox", api.customer(2090)).json()["notifications"]) == 20


def test_a_batch_is_repeated_in_its_order(api: Api) -> None:
    batch = {"notifications": [draft(receiver_id=each) for each in (5, 3, 4, 3)]}
    assert api.send(batch, key="batch").json() == api.send(batch, key="batch").json()


def test_another_body_under_the_same_key_is_refused_with_409(api: Api) -> None:
    api.send(draft(), key="conflict")
    problem(api.send(draft(title_text="other"), key="conflict"), 409, "idempotency_key_reused")


def test_a_key_is_the_senders_own(api: Api) -> None:
    first = api.send(draft(), key="own")
    other = api.post("/notifications", draft(title_text="x"), api.service.token("sender:other"), key="own")
    assert other.status_code == 201
    assert other.json() != first.json()


def test_the_same_key_at_the_same_time_sends_once(api: Api) -> None:
    count = 12
    for number in range(5):
        barrier = threading.Barrier(count)

        def send(number: int = number, barrier: threading.Barrier = barrier) -> httpx.Response:
            barrier.wait()
            return api.send(draft(receiver_id=2091), key=f"at-once-{number}")

        with ThreadPoolExecutor(count) as pool:
            answers = [future.result() for future in [pool.submit(send) for _ in range(count)]]
        assert {each.status_code for each in answers} == {201}
        assert len({each.text for each in answers}) == 1
        assert len(api.get("/inbox", api.customer(2091)).json()["notifications"]) == number + 1


def test_different_bodies_under_one_key_at_the_same_time_are_one_201_and_else_409(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        sending = [
            pool.submit(api.send, draft(receiver_id=2092, title_text=str(each)), key="fight") for each in range(8)
        ]
        statuses = sorted(future.result().status_code for future in sending)
    assert statuses == [201] + [409] * 7
    assert len(api.get("/inbox", api.customer(2092)).json()["notifications"]) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_bad_key_is_refused(api: Api, key: str) -> None:
    errors = problem(api.send(draft(), key=key), 422, "invalid_fields")
    assert [each["loc"] for each in errors] == [["Idempotency-Key"]]


def test_a_key_outlives_a_restart() -> None:
    service = Dev()
    with opened(service) as api:
        first = api.send(draft(receiver_id=2093), key="restart")
        service.process.kill()
        service.start()
        again = api.send(draft(receiver_id=2093), key="restart")
        assert (again.status_code, again.json()) == (201, first.json())
        problem(api.send(draft(title_text="other"), key="restart"), 409, "idempotency_key_reused")
        assert len(api.get("/inbox", api.customer(2093)).json()["notifications"]) == 1
