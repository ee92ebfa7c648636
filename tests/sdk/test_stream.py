"""A stream that stays open, against a server that does what the real one does rarely or never."""

from __future__ import annotations

from itertools import count

import pytest

from app.sdk import (
    AsyncReceiver,
    Connected,
    Disconnected,
    Farewell,
    HistoryGone,
    NotInTime,
    NotOpen,
    Synced,
    TokenExpired,
)
from app.sdk.errors import NotReachable, OtherVersion, Refused
from tests.support.scripted import STREAM, Scripted, answer, scripted

SYNCED = b'id: 5-0\nevent: synced\ndata: {"replayed":0,"heartbeat_seconds":15}\n\n'
RETRY = b"retry: 1\n\n"
LIVE = STREAM + RETRY + SYNCED + Scripted.HOLD


def notification(position: int, uid: str) -> bytes:
    fields = '"event":"notice","body_text":"","notes":null,"data":null,"priority":"normal","sender_id":"sender:shop"'
    text = f'{{"uid":"{uid}","title_text":"{uid}",{fields},"receiver_id":1,"date_sent":"2030-01-31T12:00:00Z"}}'
    return f"id: {position}-0\nevent: notification\ndata: {text}\n\n".encode()


def sent_headers(script: Scripted, name: str) -> list[str]:
    """The value of a header in each request for the stream; empty where it has none."""
    heads = [dict(line.split(": ", 1) for line in head.splitlines()[1:] if line) for head in script.heads]
    return [head.get(name, "") for head in heads]


def last_ids(script: Scripted) -> list[str]:
    return sent_headers(script, "Last-Event-ID")


def tokens(script: Scripted) -> list[str]:
    return sent_headers(script, "Authorization")


async def titles(receiver: AsyncReceiver, count: int) -> list[str]:
    return [each.title_text for each in await receiver.take(count)]


async def test_it_comes_back_after_the_last_event_that_it_saw() -> None:
    first = STREAM + RETRY + SYNCED + notification(6, "a")
    second = STREAM + RETRY + notification(7, "b") + SYNCED.replace(b"5-0", b"8-0")
    async with scripted(first, second, LIVE) as script, AsyncReceiver(script.url, "token") as receiver:
        assert await titles(receiver, 2) == ["a", "b"]
        await receiver.next_of(Connected)
        assert last_ids(script) == ["", "6-0", "8-0"]
        assert receiver.repeats == 0


async def test_what_comes_again_is_passed_on_once() -> None:
    again = STREAM + RETRY + notification(6, "a") + notification(7, "b") + SYNCED + Scripted.HOLD
    async with (
        scripted(STREAM + RETRY + SYNCED + notification(6, "a"), again) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        assert await titles(receiver, 2) == ["a", "b"]
        assert receiver.repeats == 1


async def test_an_id_by_itself_counts() -> None:
    """The service repeats the id that it was asked for, so that one that is cut off at once does not forget it."""
    cut_off = STREAM + b"retry: 1\nid: 4-0\n\n"
    async with (
        scripted(cut_off, LIVE) as script,
        AsyncReceiver(script.url, "token", last_event_id="4-0"),
    ):
        assert last_ids(script) == ["4-0", "4-0"]


@pytest.mark.parametrize(
    "failure",
    [
        answer(500),
        answer(503, b"", "Retry-After: 0"),
        answer(502, b"<html>", content_type="text/html"),
        answer(429),
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        STREAM + b"retry: 1\nevent: busy\ndata: {}\n\n",
    ],
)
async def test_what_may_pass_is_tried_again(failure: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sdk.stream.RETRY_SECONDS", 0.001)
    async with scripted(failure, failure, LIVE) as script, AsyncReceiver(script.url, "token") as receiver:
        kinds = [type(event) for event in await receiver.arrived()]
        assert kinds.count(Disconnected) == 2
        assert kinds[-2:] == [Connected, Synced]


@pytest.mark.parametrize(
    ("status", "code"), [(401, "token_invalid"), (403, "topic_not_allowed"), (422, "invalid_fields")]
)
async def test_what_will_not_pass_ends_it(status: int, code: str) -> None:
    problem = f'{{"status":{status},"code":"{code}","detail":"No."}}'.encode()
    async with scripted(answer(status, problem, content_type="application/problem+json")) as script:
        with pytest.raises(Refused, match=f"{status} {code}"):
            async with AsyncReceiver(script.url, "token"):
                pass
        assert len(script.heads) == 1


async def test_what_came_before_the_end_can_still_be_taken() -> None:
    refused = answer(401, b'{"status":401,"code":"token_invalid","detail":"No."}')
    async with (
        scripted(STREAM + RETRY + SYNCED + notification(6, "a"), refused) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        assert await titles(receiver, 1) == ["a"]
        for _ in range(2):
            with pytest.raises(Refused, match="401 token_invalid"):
                await receiver.take()


async def test_an_expired_token_ends_it_unless_there_is_a_new_one() -> None:
    expired = STREAM + RETRY + SYNCED + b'event: expired\ndata: {"reason":"token_expired"}\n\n'
    async with scripted(expired) as script, AsyncReceiver(script.url, "token") as receiver:
        assert (await receiver.next_of(Farewell)).why == "expired"
        with pytest.raises(TokenExpired):
            await receiver.take()
    numbers = count()
    async with (
        scripted(expired, LIVE) as script,
        AsyncReceiver(script.url, "first", renew=lambda: f"token{next(numbers)}") as receiver,
    ):
        await receiver.next_of(Synced)
        await receiver.next_of(Synced)
        assert tokens(script) == ["Bearer first", "Bearer token0"]


async def test_a_token_that_has_expired_while_it_was_away_is_renewed() -> None:
    refused = answer(401, b'{"status":401,"code":"token_expired","detail":"No."}')
    numbers = count()
    async with (
        scripted(refused, LIVE) as script,
        AsyncReceiver(script.url, "first", renew=lambda: f"token{next(numbers)}"),
    ):
        assert tokens(script) == ["Bearer first", "Bearer token0"]


async def test_a_link_that_is_silent_for_too_long_is_dead() -> None:
    silent = STREAM + RETRY + SYNCED.replace(b":15}", b":0.02}") + Scripted.HOLD
    async with scripted(silent, LIVE) as script, AsyncReceiver(script.url, "token") as receiver:
        assert (await receiver.next_of(Disconnected)).reason == "silent for too long"
        await receiver.next_of(Synced)


async def test_a_gap_is_never_passed_over() -> None:
    gap = b'id: 9-0\nevent: gap\ndata: {"reason":"pruned","oldest":"9-0","inbox":"/inbox"}\n\n'
    stream = STREAM + RETRY + notification(6, "a") + gap + notification(10, "b") + SYNCED + Scripted.HOLD
    async with scripted(stream, stream) as script:
        async with AsyncReceiver(script.url, "token") as receiver:
            with pytest.raises(HistoryGone) as error:
                await receiver.take(2)
            assert [each.title_text for each in error.value.so_far] == ["a"]
            assert (error.value.reason, error.value.oldest) == ("pruned", "9-0")
            assert await titles(receiver, 1) == ["b"]
        async with AsyncReceiver(script.url, "token") as receiver:
            with pytest.raises(HistoryGone):
                async for _ in receiver:
                    pass


async def test_who_waits_in_vain_is_told_and_keeps_what_came() -> None:
    async with (
        scripted(STREAM + RETRY + SYNCED + notification(6, "a") + Scripted.HOLD) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        with pytest.raises(NotInTime, match=r"After 0\.05 s still waiting for notification 2 of 2\.") as error:
            await receiver.take(2, within=0.05)
        assert [each.title_text for each in error.value.so_far] == ["a"]
        with pytest.raises(NotInTime, match="an event of the kind Disconnected"):
            await receiver.next_of(Disconnected, within=0.01)


async def test_a_stream_that_never_gets_live_is_given_up() -> None:
    async with scripted(STREAM + Scripted.HOLD) as script:
        receiver = AsyncReceiver(script.url, "token")
        with pytest.raises(NotInTime, match="the stream to be live"):
            await receiver.open(within=0.05)
        await receiver.close()


async def test_what_is_no_stream_is_said_to_be_none() -> None:
    async with scripted(answer(200, b"<html>", content_type="text/html")) as script:
        with pytest.raises(NotReachable, match="what answers at /stream is no event stream"):
            async with AsyncReceiver(script.url, "token"):
                pass


async def test_another_release_is_not_connected_to() -> None:
    async with scripted(LIVE, alive=answer(200, b'{"version":"9.0.0"}')) as script:
        with pytest.raises(OtherVersion, match=r"getnotified 9\.0\.0 answers"):
            async with AsyncReceiver(script.url, "token"):
                pass
        assert not script.heads


async def test_events_of_a_newer_service_are_passed_over() -> None:
    strange = b"id: 6-0\nevent: poem\ndata: [1]\n\n" + b": a comment\n\n" + notification(7, "a")
    async with (
        scripted(STREAM + RETRY + SYNCED + strange + Scripted.HOLD) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        assert await titles(receiver, 1) == ["a"]


async def test_who_takes_nothing_makes_it_read_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sdk.arrivals.WAITING_MAX", 3)
    stream = STREAM + RETRY + SYNCED + b"".join(notification(10 + number, str(number)) for number in range(50))
    async with scripted(stream, LIVE) as script, AsyncReceiver(script.url, "token") as receiver:
        assert len(await receiver.arrived()) == 3
        assert receiver.last_event_id == "10-0", "of what was taken"
        assert await titles(receiver, 49) == [str(number) for number in range(1, 50)]


async def test_a_receiver_that_is_closed_says_so() -> None:
    async with scripted(LIVE) as script:
        async with AsyncReceiver(script.url, "token") as receiver:
            pass
        with pytest.raises(NotOpen, match=r"^The receiver is closed\.$"):
            await receiver.take()
        with pytest.raises(NotOpen, match="was opened before"):
            await receiver.open()
        assert [type(each) for each in await receiver.arrived()] == [Connected, Synced], "what came can still be had"


async def test_a_server_that_takes_the_connection_and_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sdk.stream.ANSWER_SECONDS", 0.05)
    async with scripted(Scripted.HOLD, LIVE) as script, AsyncReceiver(script.url, "token"):
        assert len(script.heads) == 2


async def test_what_was_missed_may_be_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sdk.arrivals.WAITING_MAX", 3)
    missed = b"".join(notification(10 + number, str(number)) for number in range(20))
    async with (
        scripted(STREAM + RETRY + missed + SYNCED.replace(b"5-0", b"40-0") + Scripted.HOLD) as script,
        AsyncReceiver(script.url, "token", last_event_id="earliest") as receiver,
    ):
        assert await titles(receiver, 20) == [str(number) for number in range(20)], "also more at once than that"
        assert (await receiver.next_of(Synced)).position == "40-0"


async def test_what_came_before_the_end_is_not_lost_with_what_did_not() -> None:
    refused = answer(401, b'{"status":401,"code":"token_invalid","detail":"No."}')
    async with (
        scripted(STREAM + RETRY + SYNCED + notification(6, "a"), refused) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        with pytest.raises(Refused):
            await receiver.take(2)
        assert await titles(receiver, 1) == ["a"]


async def test_an_event_that_can_not_be_read_is_asked_for_again() -> None:
    broken = notification(7, "b").replace(b'"uid"', b'"")')
    async with (
        scripted(STREAM + RETRY + SYNCED + notification(6, "a") + broken, LIVE) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        assert "can't be read" in (await receiver.next_of(Disconnected)).reason
        await receiver.next_of(Synced)
        assert last_ids(script) == ["", "6-0"]


@pytest.mark.parametrize("page", [answer(200, b"<html>", content_type="text/html"), answer(404, b"<html>")])
async def test_a_page_of_something_in_front_of_the_service_passes(page: bytes) -> None:
    async with (
        scripted(STREAM + RETRY + SYNCED, page, LIVE) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        await receiver.next_of(Synced)
        await receiver.next_of(Synced)


async def test_nobody_calls_in_a_loop_though_asked_to() -> None:
    async with (
        scripted(*[STREAM + b"retry: 0\n\n" + SYNCED] * 1000) as script,
        AsyncReceiver(script.url, "token") as receiver,
    ):
        pauses = [(await receiver.next_of(Disconnected)).retry_seconds for _ in range(3)]
        assert min(pauses) >= 0.02
