"""What is kept for clients who take nothing or send no end has a bound, whoever they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from app.asgi import Bodies, read_body
from app.deliver.delivery import Delivery
from app.deliver.interests import Load
from app.deliver.replay import History
from app.errors import BodyTimeout, BodyTooLarge
from app.settings import Settings
from tests.support.connections import connection
from tests.support.tasks import end, until
from tests.support.wires import RecordingWire

SOON_SECONDS = 5.0


class Body:
    """A body that comes as a test says."""

    def __init__(self, bodies: Bodies, limit_bytes: int = 1000) -> None:
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._reads = 0
        self.read = asyncio.create_task(read_body(self._coming(), limit_bytes, bodies))

    async def whole(self) -> bytes:
        """What was read, at once: long before a body is too late."""
        async with asyncio.timeout(SOON_SECONDS):
            return await self.read

    async def _coming(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            yield piece
            self._reads += 1

    async def come(self, *pieces: bytes | None) -> None:
        """Returns once the pieces have been looked at; None: it is whole."""
        awaited = self._reads + sum(piece is not None for piece in pieces)
        for piece in pieces:
            self._pieces.put_nowait(piece)
        await until(lambda: self._reads == awaited or self.read.done())


async def test_when_bodies_hold_too_much_the_oldest_has_to_go() -> None:
    bodies = Bodies(100)
    first, second, third = Body(bodies), Body(bodies), Body(bodies)
    await first.come(b"1" * 40)
    await second.come(b"2" * 40)
    await third.come(b"3" * 40)
    with pytest.raises(BodyTimeout):
        await first.whole()
    await second.come(b"2" * 20, None)
    await third.come(None)
    assert (await second.whole(), await third.read) == (b"2" * 60, b"3" * 40)


async def test_a_body_that_is_alone_may_be_longer() -> None:
    body = Body(Bodies(100))
    await body.come(b"x" * 500, None)
    assert await body.whole() == b"x" * 500


async def test_bodies_that_have_come_or_gone_hold_nothing() -> None:
    bodies = Bodies(100)
    for _ in range(10):
        whole, too_long, left = Body(bodies), Body(bodies, limit_bytes=10), Body(bodies)
        await whole.come(b"x" * 30, None)
        await too_long.come(b"x" * 8, b"x" * 30)
        await left.come(b"x" * 30)
        await end(left.read)
        await too_long.come(None)
        assert await whole.whole() == b"x" * 30
        with pytest.raises(BodyTooLarge):
            await too_long.whole()
    waiting = Body(bodies)
    await waiting.come(b"x" * 90)
    late = Body(bodies)
    await late.come(b"x" * 10, None)
    await waiting.come(None)
    assert await waiting.whole() == b"x" * 90


async def test_heartbeats_do_not_pile_up_for_who_takes_nothing_and_who_has_gone_is_let_go() -> None:
    delivery = Delivery(Settings(heartbeat_seconds=0.015), cast(History, None), cast(Load, None))
    stopped, reads, gone = (connection(number, wire=RecordingWire()) for number in (1, 2, 3))
    for each in (stopped, reads, gone):
        delivery.hub.add(each)
    stopped.wire.stick()
    stopped.write(b"not taken", 0)
    gone.wire.leave()
    beating = asyncio.create_task(delivery.beat())
    await until(lambda: len(reads.wire.writes) >= 3, pause_seconds=0.001)
    await end(beating)
    assert stopped.wire.writes == [b"not taken"]
    assert not stopped.ended
    assert gone.wire.aborted
    assert gone.ended
