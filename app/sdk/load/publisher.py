"""The process that sends: every request when it is due, whatever became of those before it.

What is due is due: a service that answers slowly does not make the load lighter, and the time that a request waits for
a free sender counts as the service's ("coordinated omission").
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from heapq import heappop, heappush

from app.sdk.load.effort import Watch
from app.sdk.load.ledger import Ledger
from app.sdk.load.message import UNREACHABLE, Begin, Collect, Publish, Publishing, Refusal, Stop
from app.sdk.load.script import Request, Script
from app.sdk.load.sender import Outcome, Sender

REPORT_SECONDS = 0.1
WAITED_SECONDS = 0.001  # shorter, nobody calls it waiting


class Publisher:
    """Sends a script.

    Args:
        task: which one, and where to.
        tell: passes a message on to the run.
    """

    def __init__(self, task: Publish, tell: Callable[[object], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._watch = Watch()
        self._script = Script(task.plan, task.run)
        self._ledger = Ledger(self._script, task.plan.notifications)
        self._head = _head(task, self._script.path)
        self._keys = task.plan.keys
        tls = None if task.address.server_name is None else ssl.create_default_context()
        self._senders = [Sender(task.address, tls, self._answered) for _ in range(task.plan.sending)]
        self._free = list(self._senders)
        self._in_hand: dict[Sender, tuple[int, Request]] = {}
        self._again: list[tuple[float, int, Request]] = []  # a heap, by the loop's time
        self._next = 0
        self._end = len(self._script)
        self._upcoming: Request | None = None
        self._begins_at = 0.0  # the loop's time
        self._gives_up_at = 0.0
        self._patience_seconds = task.plan.seconds + task.plan.grace_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._told = Publishing()

    def start(self) -> None:
        """Makes the connections."""
        self._opening = self._loop.create_task(self._open())

    def hear(self, message: object) -> None:
        """What the run says."""
        match message:
            case Begin(at):
                self._begin(at)
            case Collect():
                self._tell(self._ledger.published(self._watch.effort()))
            case Stop():
                self._end = self._next
                self._gives_up_at = self._loop.time()

    def close(self) -> None:
        for sender in self._senders:
            sender.close()

    # -- Inside -------------------------------------------------------------------------------------

    async def _open(self) -> None:
        try:
            await asyncio.gather(*(sender.connect() for sender in self._senders))
        except OSError as error:
            self._tell(Refusal(UNREACHABLE, "", error.strerror or str(error)))
            return
        self._tell(Publishing(ready=True))

    def _begin(self, at: float) -> None:
        self._watch.begin()
        self._begins_at = self._loop.time() + at - time.time()
        self._gives_up_at = self._begins_at + self._patience_seconds
        self._report()
        self._pump()

    def _due_at(self, index: int) -> float:
        due_seconds: float = self._script.due[index]
        return self._begins_at + due_seconds

    def _pump(self) -> None:
        """Sends what is due, as far as senders are free, and comes back when something will be."""
        while self._free:
            now = self._loop.time()
            if self._again and self._again[0][0] <= now:
                _, index, request = heappop(self._again)
                self._send(self._free.pop(), index, request)
            elif self._next < self._end and self._due_at(self._next) <= now:
                request = self._upcoming or self._script.request(self._next)
                self._upcoming = None
                sender = self._free.pop()
                self._take_down(self._due_at(self._next), sender.free_since, now)
                self._next += 1
                self._send(sender, self._next - 1, request)
            else:
                break
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        moments = [self._again[0][0]] if self._again else []
        if self._next < self._end:
            moments.append(self._due_at(self._next))
            self._upcoming = self._upcoming or self._script.request(self._next)  # while there is time
        if moments and self._free:  # else it goes on with the next answer
            self._timer = self._loop.call_at(min(moments), self._pump)

    def _take_down(self, due_at: float, free_since: float, now: float) -> None:
        possible_at = max(due_at, free_since)
        self._watch.late_ms.append((now - possible_at) * 1000)
        self._ledger.waited += possible_at - due_at > WAITED_SECONDS

    def _send(self, sender: Sender, index: int, request: Request) -> None:
        ledger = self._ledger
        self._in_hand[sender] = (index, request)
        ledger.attempts[index] += 1
        if ledger.attempts[index] == 1:
            ledger.written_at[index] = time.time()
        key = b"Idempotency-Key: %b\r\n" % request.key.encode() if self._keys else b""
        sender.send(b"%b%bContent-Length: %d\r\n\r\n%b" % (self._head, key, len(request.body), request.body))

    def _answered(self, sender: Sender, outcome: Outcome) -> None:
        index, request = self._in_hand.pop(sender)
        self._free.append(sender)
        pause_seconds: float | None = None
        if outcome is not None:
            pause_seconds = self._ledger.answered(index, request, *outcome, time.time())
        elif self._keys:
            pause_seconds = self._ledger.pause_seconds(index)
        else:  # sent again, it might count twice
            self._ledger.given_up(request)
        if pause_seconds is not None:
            again_at = self._loop.time() + pause_seconds
            if again_at > self._gives_up_at:
                self._ledger.given_up(request)
            else:
                heappush(self._again, (again_at, index, request))
        self._pump()

    def _report(self) -> None:
        if self._loop.time() > self._gives_up_at:
            self._give_up()
        is_done = self._next >= self._end and not self._again and not self._in_hand
        told = Publishing(True, self._ledger.sent, self._ledger.accepted, is_done)
        if told != self._told:
            self._told = told
            self._tell(told)
        if not is_done:
            self._loop.call_later(REPORT_SECONDS, self._report)

    def _give_up(self) -> None:
        for _, _, request in self._again:
            self._ledger.given_up(request)
        self._again = []
        for index in range(self._next, self._end):
            self._ledger.given_up(self._script.request(index))
        self._end = self._next


def _head(task: Publish, path: str) -> bytes:
    """What all requests have in common."""
    return (
        f"POST {task.address.prefix}{path} HTTP/1.1\r\nHost: {task.address.authority}\r\n"
        f"Authorization: Bearer {task.token}\r\nContent-Type: application/json\r\n"
    ).encode()
