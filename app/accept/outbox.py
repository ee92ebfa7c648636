"""The outbox: what was accepted, on its way from a sender's request to a durable row, and from there to the log.

Group commit: all requests that wait go into one transaction, and while it is being written the next ones gather.
Nothing waits when nothing else is going on. The positions that the log gave go back into the rows with the next
transaction, off the path of the answer; a row that stays without one is carried by the relay.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tortoise import BaseDBAsyncClient

from app import channel, database, row
from app.entry import Carried
from app.errors import DatabaseUnavailable, IdempotencyKeyReused, LogUnavailable
from app.models import Customer, IdempotencyKey
from app.notification import Notification

logger = logging.getLogger(__name__)

# Customers known to have a row. Past this the set is emptied: about 10 MB, and the insert it saves is harmless.
KNOWN_CUSTOMERS_MAX = 100_000
RECORD_RETRY_SECONDS = 1.0
SETTLED_SECONDS = 1.0

Carry = Callable[[Sequence[Notification]], Awaitable[Carried]]


class RequestKey(NamedTuple):
    """What makes a request the same one: the sender, the `Idempotency-Key`, and a digest of the body."""

    sender_id: str
    key: str
    body_sha256: str


class Accepted(NamedTuple):
    """A durable notification and its position, if the log has it already."""

    uid: str
    channel: str
    position: int | None


class _KeyTaken(Exception):
    """Another request with the same key was committed first."""


@dataclass(slots=True, eq=False)
class _Submission:
    notifications: Sequence[Notification]
    request_key: RequestKey | None
    answer: asyncio.Future[list[Accepted]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def uids(self) -> str:
        return ",".join(notification.uid for notification in self.notifications)

    def resolve(self, accepted: list[Accepted]) -> None:
        if not self.answer.done():  # the sender may have left
            self.answer.set_result(accepted)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class _Record(NamedTuple):
    """Positions on their way back into their rows."""

    uids: Sequence[str]
    carried: Carried
    done: asyncio.Future[None]


class Outbox:
    """Makes requests durable and hands what is committed to `carry`.

    Args:
        carry: gives committed notifications to the log.
        max_rows: rows in one transaction, but for a single request that has more.

    Raises (from `carry`): LogUnavailable, on which the answer has no positions and the relay takes over.
    """

    def __init__(self, carry: Carry, max_rows: int) -> None:
        self._carry = carry
        self._max_rows = max_rows
        self._waiting: deque[_Submission] = deque()
        self._records: deque[_Record] = deque()
        self._wake = asyncio.Event()
        self._committing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._known_customers: set[int] = set()

    async def accept(
        self, notifications: Sequence[Notification], request_key: RequestKey | None = None
    ) -> list[Accepted]:
        """Stores the notifications of one request, all or none; returns once they are committed and in the log.

        With the key of an earlier request it stores nothing and returns what that one stored.

        Raises:
            DatabaseUnavailable: nothing was stored, unless the connection was lost in the moment of the commit.
            IdempotencyKeyReused: the key belongs to a request with another body.
        """
        while True:
            if request_key is not None and (earlier := await self._earlier(request_key)) is not None:
                return earlier
            submission = _Submission(notifications, request_key)
            self._waiting.append(submission)
            self._work()
            try:
                return await submission.answer
            except _KeyTaken:
                continue

    @property
    def waiting(self) -> int:
        """Requests that wait for a commit."""
        return len(self._waiting)

    async def record(self, uids: Sequence[str], carried: Carried) -> None:
        """Writes the positions of what was carried into its rows; returns once they are committed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._records.append(_Record(uids, carried, done))
        self._work()
        await done

    async def settled(self) -> None:
        """Returns once the rows of all that this process has answered so far hold their positions.

        When the database is away that can take long: it waits a second at the most.
        """
        if self._in_flight:
            await asyncio.wait(list(self._in_flight), timeout=SETTLED_SECONDS)

    async def run(self) -> None:
        """Commits what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._committing = True
            while self._waiting or self._records:
                # In a context of its own: Tortoise keeps the open transaction there, and must not find an earlier one.
                commit = asyncio.create_task(self._commit(self._take_submissions(), self._take_records()))
                if not await commit:
                    await asyncio.sleep(RECORD_RETRY_SECONDS)
            self._committing = False
            self._rest()

    async def idle(self) -> None:
        """Returns once all that was accepted is committed, carried and recorded."""
        await self._idle.wait()

    def _work(self) -> None:
        self._idle.clear()
        self._wake.set()

    def _rest(self) -> None:
        if not (self._waiting or self._records or self._committing or self._in_flight):
            self._idle.set()

    def _take_submissions(self) -> list[_Submission]:
        taken: list[_Submission] = []
        rows = 0
        while self._waiting and (not taken or rows + len(self._waiting[0].notifications) <= self._max_rows):
            submission = self._waiting.popleft()
            rows += len(submission.notifications)
            taken.append(submission)
        return taken

    def _take_records(self) -> list[_Record]:
        taken = list(self._records)
        self._records.clear()
        return taken

    async def _commit(self, submissions: list[_Submission], records: list[_Record]) -> bool:
        """One transaction for all; False if positions could not be written because the database is away."""
        try:
            async with database.transaction() as connection:
                for run, positions in _by_run(records).items():
                    await row.place(connection, run, positions)
                stored, taken = await self._insert(connection, submissions)
        except Exception as error:
            return await self._commit_failed(error, submissions, records)
        for record in records:
            record.done.set_result(None)
        for submission in taken:
            submission.fail(_KeyTaken())
        if stored:
            self._start_carrying(stored)
        return True

    async def _commit_failed(self, error: Exception, submissions: list[_Submission], records: list[_Record]) -> bool:
        self._records.extendleft(reversed(records))
        self._known_customers.clear()
        if database.is_unavailable(error):
            logger.warning("The database did not take a commit: %r", error, extra={"action": "commit_failed"})
            for submission in submissions:
                submission.fail(DatabaseUnavailable())
            return not records
        if len(submissions) + bool(records) > 1:
            # One bad request must not fail those that happened to share its transaction.
            for submission in submissions:
                await self._commit([submission], [])
            return True
        if records and not submissions:
            raise error
        logger.error("A request could not be stored.", exc_info=error, extra={"action": "commit_failed"})
        for submission in submissions:
            submission.fail(error)
        return True

    async def _insert(
        self, connection: BaseDBAsyncClient, submissions: Sequence[_Submission]
    ) -> tuple[list[_Submission], list[_Submission]]:
        """Inserts the rows of the submissions; returns those stored, and those whose key another one has taken."""
        taken = await self._claim_keys(connection, [each for each in submissions if each.request_key is not None])
        stored = [submission for submission in submissions if submission not in taken]
        notifications = [notification for submission in stored for notification in submission.notifications]
        if notifications:
            await self._add_customers(connection, notifications)
            await row.insert(connection, notifications)
        return stored, taken

    @staticmethod
    async def _claim_keys(connection: BaseDBAsyncClient, submissions: Sequence[_Submission]) -> list[_Submission]:
        """Writes down the keys of the submissions; returns those whose key belongs to another request."""
        if not submissions:
            return []
        # Sorted, like all rows that several processes may write: else two could wait for each other.
        submissions = sorted(submissions, key=lambda each: each.request_key or ())
        keys = [submission.request_key for submission in submissions if submission.request_key is not None]
        await IdempotencyKey.bulk_create(
            [
                IdempotencyKey(
                    **request_key._asdict(),
                    uids=submission.uids,
                    date_sent=submission.notifications[0].date_sent,
                )
                for request_key, submission in zip(keys, submissions, strict=True)
            ],
            ignore_conflicts=True,
            using_db=connection,
        )
        owners = {
            (sender_id, key): uids
            for sender_id, key, uids in await IdempotencyKey.filter(
                sender_id__in={each.sender_id for each in keys}, key__in={each.key for each in keys}
            )
            .using_db(connection)
            .values_list("sender_id", "key", "uids")
        }
        return [
            submission
            for request_key, submission in zip(keys, submissions, strict=True)
            if owners[request_key.sender_id, request_key.key] != submission.uids
        ]

    async def _add_customers(self, connection: BaseDBAsyncClient, notifications: Sequence[Notification]) -> None:
        named = {channel.receiver_id(notification.channel) for notification in notifications}
        # Sorted: two processes that add the same customers in another order would wait for each other.
        unknown = sorted(each for each in named - self._known_customers if each is not None)
        if unknown:
            await Customer.bulk_create(
                [Customer(id=each) for each in unknown], ignore_conflicts=True, using_db=connection
            )
            if len(self._known_customers) > KNOWN_CUSTOMERS_MAX:
                self._known_customers.clear()
            self._known_customers.update(unknown)

    def _start_carrying(self, submissions: Sequence[_Submission]) -> None:
        task = asyncio.create_task(self._carry_and_answer(submissions), name="carry")
        self._in_flight.add(task)
        task.add_done_callback(self._carried)

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._rest()

    async def _carry_and_answer(self, submissions: Sequence[_Submission]) -> None:
        """The second half of a request: what was just committed goes to the log while the next commit is written."""
        due = [each for submission in submissions for each in submission.notifications if each.send_at is None]
        uids = [each.uid for each in due]
        carried: Carried | None = None
        try:
            if due:
                carried = await self._carry(due)
        except LogUnavailable as error:
            logger.warning("The log did not take a batch: %s", error, extra={"action": "carry_failed"})
        except Exception as error:  # a bug in carrying must not leave a durable request without an answer
            logger.exception("Carrying a batch failed.", extra={"action": "carry_failed"}, exc_info=error)
        positions = dict(zip(uids, carried.positions, strict=True)) if carried else {}
        for submission in submissions:
            submission.resolve(
                [Accepted(each.uid, each.channel, positions.get(each.uid)) for each in submission.notifications]
            )
        if carried is not None:
            await self.record(uids, carried)

    async def _earlier(self, request_key: RequestKey) -> list[Accepted] | None:
        """What an earlier request with the same key stored."""
        try:
            found = await IdempotencyKey.get_or_none(sender_id=request_key.sender_id, key=request_key.key)
            if found is None:
                return None
            if found.body_sha256 != request_key.body_sha256:
                raise IdempotencyKeyReused(request_key.key)
            await self.settled()  # the earlier one may be on its way, and is to be answered the same
            rows = await row.find(found.uids.split(","))
        except Exception as error:
            if database.is_unavailable(error):
                raise DatabaseUnavailable from error
            raise
        # Carried by a process that was killed before it wrote the position down, or not at all: the log knows, and
        # tells the position that it gave.
        stuck = _Submission([notification for notification, position in rows.values() if position is None], None)
        self._start_carrying([stuck])
        positions = {each.uid: each.position for each in await stuck.answer}
        return [
            Accepted(uid, rows[uid][0].channel, positions.get(uid, rows[uid][1]))
            for uid in found.uids.split(",")
            if uid in rows
        ]


def _by_run(records: Sequence[_Record]) -> dict[str, list[tuple[str, int]]]:
    """Uids and positions, by the run of Redis in which they hold."""
    positions: dict[str, list[tuple[str, int]]] = {}
    for record in records:
        run, places = record.carried
        positions.setdefault(run, []).extend(zip(record.uids, places, strict=True))
    return positions
