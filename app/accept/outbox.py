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
from datetime import UTC, datetime
from typing import NamedTuple

from tortoise import BaseDBAsyncClient

from app import channel, database, row, tally
from app.accept import claims, orders
from app.accept.claims import Claim
from app.accept.parties import Parties
from app.entry import Carried, SubscriptionChange
from app.errors import DatabaseUnavailable, GetnotifiedError, LogUnavailable
from app.models import Customer
from app.notification import Notification

logger = logging.getLogger(__name__)

# Customers known to have a row. Past this the set is emptied: about 10 MB, and the insert it saves is harmless.
KNOWN_CUSTOMERS_MAX = 100_000
RECORD_RETRY_SECONDS = 1.0
SETTLED_SECONDS = 1.0

Carry = Callable[[Sequence[Notification], Sequence[SubscriptionChange]], Awaitable[Carried]]


class Timing(NamedTuple):
    """When a request was committed, and when the log had it (UTC; None: it has it not)."""

    date_committed: datetime
    date_carried: datetime | None


class Accepted(NamedTuple):
    """A durable notification.

    Attributes:
        position: the one that the log gave it, if the log has it already.
        date_sent: when it was accepted (UTC).
        timing: of the request that brought it; None: an earlier one did.
    """

    uid: str
    event: str
    channel: str
    position: int | None
    date_sent: datetime
    timing: Timing | None = None


class ClaimTaken(GetnotifiedError):
    """Another request has claimed the same key: what it was answered is to be looked up."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be stored together, or not at all.

    Attributes:
        notifications: what there is to carry.
        claims: keys under which it can be asked for again.
        parties: what it says of who takes part in orders, in the order in which it was said.
    """

    notifications: Sequence[Notification]
    claims: Sequence[Claim] = ()
    parties: Sequence[tuple[str, Parties]] = ()


@dataclass(slots=True, eq=False)
class _Submission:
    request: Request
    answer: asyncio.Future[list[Accepted]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def notifications(self) -> Sequence[Notification]:
        return self.request.notifications

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
        carry: gives committed notifications, and changes of who is subscribed, to the log.
        newest: the newest position that this process knows.
        max_rows: rows in one transaction, but for a single request that has more.

    Raises (from `carry`): LogUnavailable, on which the answer has no positions and the relay takes over.
    """

    def __init__(self, carry: Carry, newest: Callable[[], int], max_rows: int) -> None:
        self._carry = carry
        self._newest = newest
        self._max_rows = max_rows
        self._waiting: deque[_Submission] = deque()
        self._records: deque[_Record] = deque()
        self._wake = asyncio.Event()
        self._committing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._known_customers: set[int] = set()

    async def accept(self, request: Request) -> list[Accepted]:
        """Stores a request, all of it or nothing; returns once it is committed and in the log.

        Raises:
            DatabaseUnavailable: nothing was stored, unless the connection was lost in the moment of the commit.
            ClaimTaken: nothing was stored, because an earlier request has claimed one of its keys.
        """
        submission = _Submission(request)
        self._waiting.append(submission)
        self._work()
        return await submission.answer

    async def accepted(self, uids: Sequence[str], changes: Sequence[SubscriptionChange] = ()) -> list[Accepted]:
        """What has become of notifications that were stored before.

        Args:
            changes: subscriptions of which web processes are told once more.

        Raises:
            DatabaseUnavailable: it can't be looked up now.
        """
        await self.settled()  # they may be on their way, and are to be answered the same
        with database.needed():
            rows = await row.find(uids)
        # Carried by a process that was killed before it wrote the position down, or not at all: the log knows, and
        # tells the position that it gave.
        stuck = [each.notification for each in rows.values() if each.position is None and each.date_retracted is None]
        again = _Submission(Request(stuck))
        self._start_carrying([again], changes)
        positions = {each.uid: each.position for each in await again.answer}
        return [
            Accepted(each.uid, each.event, each.channel, positions.get(uid, found.position), each.date_sent)
            for uid in uids
            if (found := rows.get(uid)) is not None
            for each in (found.notification,)
        ]

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
                recorded = [
                    each
                    for run, positions in _by_run(records).items()
                    for each in await row.place(connection, run, positions)
                ]
                stored, taken, changes = await self._insert(connection, submissions)
                tallies = tally.of_recorded(recorded)
                for key, more in tally.of_accepted(each for one in stored for each in one.notifications).items():
                    tally.add_to(tallies, key, more)
                await tally.add(connection, tallies)
        except Exception as error:
            return await self._commit_failed(error, submissions, records)
        for record in records:
            record.done.set_result(None)
        for submission in taken:
            submission.fail(ClaimTaken())
        if stored:
            self._start_carrying(stored, changes)
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
    ) -> tuple[list[_Submission], set[_Submission], list[SubscriptionChange]]:
        """Inserts the rows of the submissions.

        Returns:
            Those stored, those of which a key is another's, and the subscriptions that come and go with them.
        """
        taken = await claims.write(connection, {each: each.request.claims for each in submissions})
        stored = [submission for submission in submissions if submission not in taken]
        notifications = [notification for submission in stored for notification in submission.notifications]
        parties = [each for submission in stored for each in submission.request.parties]
        receivers = {channel.receiver_id(each.channel) for each in notifications}
        await self._add_customers(connection, receivers.union(*(each.members for _, each in parties)))
        if notifications:
            await row.insert(connection, notifications)
        changes = await orders.write(connection, parties, datetime.now(UTC), self._newest()) if parties else []
        return stored, taken, changes

    async def _add_customers(self, connection: BaseDBAsyncClient, named: set[int | None]) -> None:
        # Sorted: two processes that add the same customers in another order would wait for each other.
        unknown = sorted(each for each in named - self._known_customers if each is not None)
        if unknown:
            await Customer.bulk_create(
                [Customer(id=each) for each in unknown], ignore_conflicts=True, using_db=connection
            )
            if len(self._known_customers) > KNOWN_CUSTOMERS_MAX:
                self._known_customers.clear()
            self._known_customers.update(unknown)

    def _start_carrying(self, submissions: Sequence[_Submission], changes: Sequence[SubscriptionChange] = ()) -> None:
        task = asyncio.create_task(self._carry_and_answer(submissions, changes), name="carry")
        self._in_flight.add(task)
        task.add_done_callback(self._carried)

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._rest()

    async def _carry_and_answer(
        self, submissions: Sequence[_Submission], changes: Sequence[SubscriptionChange]
    ) -> None:
        """The second half of a request: what was just committed goes to the log while the next commit is written."""
        date_committed = datetime.now(UTC)
        due = [each for submission in submissions for each in submission.notifications if each.release_at is None]
        uids = [each.uid for each in due]
        carried: Carried | None = None
        try:
            if due or changes:
                carried = await self._carry(due, changes)
        except LogUnavailable as error:
            logger.warning("The log did not take a batch: %s", error, extra={"action": "carry_failed"})
        except Exception as error:  # a bug in carrying must not leave a durable request without an answer
            logger.exception("Carrying a batch failed.", extra={"action": "carry_failed"}, exc_info=error)
        positions = dict(zip(uids, carried.positions, strict=True)) if carried else {}
        timing = Timing(date_committed, datetime.now(UTC) if carried else None)
        for submission in submissions:
            submission.resolve(
                [
                    Accepted(each.uid, each.event, each.channel, positions.get(each.uid), each.date_sent, timing)
                    for each in submission.notifications
                ]
            )
        if carried is not None and uids:
            await self.record(uids, carried)


def _by_run(records: Sequence[_Record]) -> dict[str, dict[str, int]]:
    """Positions by uid, by the run of Redis in which they hold."""
    positions: dict[str, dict[str, int]] = {}
    for record in records:
        run, places = record.carried
        positions.setdefault(run, {}).update(zip(record.uids, places, strict=True))
    return positions
