"""Listening: a storm of connections waits in the kernel, whatever the process is doing, and none is refused."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

from app.run.drain import ACCEPT_MAX
from tests.conftest import Starter
from tests.support.service import Dev

MANY = 20 * ACCEPT_MAX
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_more_than_one_turn_takes_wait_in_the_kernel(starts: Starter) -> None:
    dev = await starts(Dev())
    port = urlsplit(dev.url).port
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        dev.process.signal(signal.SIGSTOP)
        try:
            sockets = [stack.enter_context(socket.socket()) for _ in range(MANY)]
            for each in sockets:
                each.setblocking(False)
            # Nobody accepts: who is connected is in the queue.
            async with asyncio.timeout(10):
                await asyncio.gather(*(loop.sock_connect(each, ("127.0.0.1", port)) for each in sockets))
        finally:
            dev.process.signal(signal.SIGCONT)
        await asyncio.gather(*(loop.sock_sendall(each, REQUEST) for each in sockets))
        answers = await asyncio.gather(*(loop.sock_recv(each, 100) for each in sockets))
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 "}
