"""A process of a run: `main`, with a socket to the run as its standard input.

It ends when it is told to, and when the run has ended in whatever way: its socket closes then.
"""

from __future__ import annotations

import asyncio
import os
import resource
import selectors
import sys
import traceback
from multiprocessing.connection import Connection

from app.sdk.load.listener import Listener
from app.sdk.load.message import Failed, Listen, Publish
from app.sdk.load.publisher import Publisher


def main() -> None:
    run = Connection(os.dup(sys.stdin.fileno()))
    try:
        task = run.recv()
        _allow_many_files()
        # select() waits as short as it is told to; epoll, in whole milliseconds only: too late for a publisher.
        chosen = selectors.SelectSelector() if isinstance(task, Publish) else selectors.DefaultSelector()
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(chosen)) as runner:
            runner.run(_work(run, task))
    except (EOFError, ConnectionError):
        return  # the run has ended
    except Exception:
        run.send(Failed(traceback.format_exc()))
        sys.exit(1)


async def _work(run: Connection, task: Listen | Publish) -> None:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def tell(message: object) -> None:
        if not over.done():
            try:
                run.send(message)
            except OSError:
                over.set_result(None)

    worker = Listener(task, tell) if isinstance(task, Listen) else Publisher(task, tell)

    def hear() -> None:
        try:
            worker.hear(run.recv())
        except (EOFError, OSError):
            loop.remove_reader(run.fileno())
            if not over.done():
                over.set_result(None)

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and not over.done():
            over.set_exception(error)

    loop.set_exception_handler(failed)
    loop.add_reader(run.fileno(), hear)
    worker.start()
    try:
        await over
    finally:
        worker.close()


def _allow_many_files() -> None:
    """Each connection is one; the usual limit is 1,024, and the one that may be chosen is higher."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
