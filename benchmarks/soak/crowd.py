"""Customers who come and go, in a thread of their own: most read, some slowly or not at all, some leave at once."""

from __future__ import annotations

import asyncio
import re
import struct
import threading
from contextlib import suppress
from random import Random
from socket import AF_INET, SO_LINGER, SO_RCVBUF, SOL_SOCKET, socket
from typing import Self

from app.sdk.deployment import Deployment
from app.sdk.errors import SdkError
from app.sdk.load.address import Address, reach

CUSTOMERS = 400  # numbers from 1 on
VISITS_A_SECOND = 80.0
STAY_MAX_SECONDS, STUCK_MAX_SECONDS = 4.0, 12.0
LEAVES_AT_ONCE, READS_NOTHING, READS_SLOWLY = 0.15, 0.05, 0.05  # shares; the others read all
TOPIC = "soak"
# 27 KB a second: who reads nothing and has a small buffer is behind after 3 s, and cut off after 5.
TOLD_EVERY_SECONDS = 0.15
LARGE = "x" * 4000
BUFFER_BYTES = 4096
RESET = struct.pack("ii", 1, 0)
_ID = re.compile(rb"^id: ([0-9]+-[0-9]+)\r?$", re.MULTILINE)


class Crowd:
    """Used with `with`: it is there until the end of the block, and then has gone.

    Args:
        seed: of all that happens by chance.

    Attributes:
        visits: connections that were opened.
    """

    def __init__(self, service: Deployment, seed: int) -> None:
        self.visits = 0
        self._service = service
        self._random = Random(seed)
        self._address: Address = reach(service.url)
        self._over = threading.Event()
        self._failure: Exception | None = None
        self._last_id = ""  # that anybody has seen: from there on the next one wants to know all
        self._thread = threading.Thread(target=self._run, name="crowd", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def failure(self) -> Exception | None:
        """What ended it before its time."""
        return self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._come_and_go())
        except* (OSError, SdkError) as errors:
            self._failure = errors.exceptions[0]

    async def _come_and_go(self) -> None:
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._tell())
            visiting: set[asyncio.Task[None]] = set()
            while not self._over.is_set():
                visit = group.create_task(self._visit())
                visiting.add(visit)
                visit.add_done_callback(visiting.discard)
                await asyncio.sleep(self._random.expovariate(VISITS_A_SECOND))
            for each in [telling, *visiting]:
                each.cancel()

    async def _tell(self) -> None:
        """Sends to the topic, and has customers subscribe to it and leave it."""
        async with self._service.async_sender("soak") as sender:
            while True:
                customer = self._random.randint(1, CUSTOMERS)
                await sender.send(topic=TOPIC, title_text="soak", body_text=LARGE)
                async with self._service.async_receiver(customer) as receiver:
                    await (receiver.subscribe(TOPIC) if self._random.random() < 0.5 else receiver.unsubscribe(TOPIC))
                await asyncio.sleep(TOLD_EVERY_SECONDS)

    async def _visit(self) -> None:
        random = self._random
        token = self._service.token(f"customer:{random.randint(1, CUSTOMERS)}")
        kind = random.random()
        is_mute = kind < READS_NOTHING
        is_slow = READS_NOTHING <= kind < READS_NOTHING + READS_SLOWLY
        is_brief = kind > 1 - LEAVES_AT_ONCE
        stay_seconds = random.uniform(0, STUCK_MAX_SECONDS if is_mute or is_slow else STAY_MAX_SECONDS)
        address = self._address
        with suppress(ConnectionError):
            reader, writer = await self._connected(has_small_buffer=is_mute or is_slow)
            self.visits += 1
            try:
                target = f"{address.prefix}/stream?topic={TOPIC}&last_event_id={self._last_id}"
                head = f"GET {target} HTTP/1.1\r\nHost: {address.authority}\r\nAuthorization: Bearer {token}\r\n\r\n"
                writer.write(head.encode())
                if is_brief:
                    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET)
                elif is_mute:
                    await asyncio.sleep(stay_seconds)
                else:
                    await self._read(reader, stay_seconds, pause_seconds=1.0 if is_slow else 0.0)
            finally:
                writer.transport.abort()

    async def _connected(self, has_small_buffer: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = socket(AF_INET)
        connection.setblocking(False)
        try:
            if has_small_buffer:
                connection.setsockopt(SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES)
            await asyncio.get_running_loop().sock_connect(connection, (self._address.host, self._address.port))
            return await asyncio.open_connection(sock=connection, limit=BUFFER_BYTES)
        except BaseException:
            connection.close()
            raise

    async def _read(self, reader: asyncio.StreamReader, seconds: float, pause_seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while came := await reader.read(BUFFER_BYTES):
                    for seen in _ID.findall(came):
                        self._last_id = seen.decode()
                    await asyncio.sleep(pause_seconds)
