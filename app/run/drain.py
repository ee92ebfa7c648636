"""Serving, and the end of it: Hypercorn in this process, and what happens on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import hypercorn.asyncio

from app.errors import ConfigurationError
from app.run import mended_hypercorn
from app.run.lean_hypercorn import Config
from app.settings import Settings

logger = logging.getLogger(__name__)

BACKLOG = 4096  # a storm of reconnects waits in the kernel instead of being refused
# Taken from there in one turn of the loop, each with some 0.5 ms of work: between turns, what is live is delivered.
ACCEPT_MAX = 5
# An idle connection stays open so long, also one whose first request is not whole.
KEEP_ALIVE_SECONDS = 10.0
# Requests on one connection: Hypercorn closes it after 1,000, in the middle of a sender's run.
KEEP_ALIVE_REQUESTS = 1_000_000_000
# Beside what a stream may leave unsent in the process. What is on its way over the network does not count.
UNSENT_KERNEL_BYTES = 16 * 1024
# For the requests that are still being answered when the streams have ended, and then for connections to close: from
# Python 3.12 on, a server waits for ever for a client that sends half a request.
GRACE_SECONDS = 0.3
CLOSE_SECONDS = 0.1


def bind(settings: Settings) -> socket.socket:
    """Opens the port; connections queue from here on.

    Raises:
        ConfigurationError: the address can't be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(address)
            _bound_unread(opened, settings)
            opened.listen(BACKLOG)
        except OSError:
            opened.close()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"Can't listen on {settings.host}:{settings.port}: {error.strerror}. Set HOST or PORT to another."
        ) from None
    return opened


def address(settings: Settings, opened: socket.socket) -> str:
    """What to put into a browser."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{opened.getsockname()[1]}"


def _bound_unread(opened: socket.socket, settings: Settings) -> None:
    """Bounds what waits in the kernel for a client (4 MB by default), and for how long it may (for ever).

    Connections inherit it from the socket that listens. Only Linux has both options.
    """
    limits = {"TCP_NOTSENT_LOWAT": UNSENT_KERNEL_BYTES, "TCP_USER_TIMEOUT": int(settings.stalled_seconds * 1000)}
    for name, limit in limits.items():
        option = getattr(socket, name, None)
        if option is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, limit)


def stop_on_signals(stopping: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)


async def serve(app: Any, opened: socket.socket, stopping: asyncio.Event, drain: Callable[[], Awaitable[None]]) -> None:
    """Serves an ASGI application until `stopping` is set, then ends the streams with `drain`.

    Hypercorn would wait for them.
    """
    mended_hypercorn.put_in_place()
    config = Config()
    listening = opened.dup()
    config.bind = [f"fd://{opened.detach()}"]
    config.backlog = ACCEPT_MAX  # which asyncio takes for both: how many it accepts in one turn, and how many may wait
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS
    config.graceful_timeout = GRACE_SECONDS
    config.errorlog = logging.getLogger("hypercorn.error")

    async def stopped() -> None:
        with listening:
            listening.listen(BACKLOG)
        await stopping.wait()
        logger.info("Stopping.", extra={"action": "stop"})
        await drain()
        loop.call_later(GRACE_SECONDS + CLOSE_SECONDS, serving.cancel)

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    served = hypercorn.asyncio.serve(app, config, shutdown_trigger=stopped, mode="asgi")
    serving = loop.create_task(served, name="serve")
    try:
        await serving
    except asyncio.CancelledError:
        if not serving.cancelled():
            raise  # it is not the server that was cancelled
        logger.info("Clients that did not finish were cut off.", extra={"action": "cut_off"})
    except asyncio.InvalidStateError:  # Hypercorn asks what became of its connections, and they are still ending
        logger.info("Clients that did not finish were cut off.", extra={"action": "cut_off"})


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # Python before 3.13 reports the connections that Hypercorn cancels at the end as errors of its own streams.
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)
