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

from app import channel, database, row, tally
from app.accept import claims, customers, orders
from app.accept.claims import Claim
from app.accept.parties import Parties
from app.entry import Carried, SubscriptionChange
from app.errors import DatabaseUnavailable, GetnotifiedError, LogUnavailable
from app.notification import Notification
from app.steps import Steps, together

logger = logging.getLogger(__name__)

# Customers known to have a row. Past this the set is emptied: about 10 MB, and the insert it saves is harmless.
KNOWN_CUSTOMERS_MAX = 100_000
RECORD_RETRY_SECONDS = 1.0
# How long positions wait for a commit that they can join: one of their own, after each single request, would be as
# dear as the request's, and the next one would wait for it.
RECORD_SECONDS = 0.05
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

    notifications: Sequence[Notification]
    carried: Carried
    done: asyncio.Future[None]


class _Stored(NamedTuple):
    """What a transaction did with the submissions in it.

    Attributes:
        submissions: those that were stored.
        taken: those of which a key is another's.
        changes: the subscriptions that come and go with what was stored.
        customers: those who have a row since then.
        ledger: what is counted by then.
    """

    submissions: list[_Submission]
    taken: set[_Submission]
    changes: list[SubscriptionChange]
    customers: list[int]
    ledger: tally.Ledger


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
        self._records_due = False
        self._records_timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._committing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._known_customers: set[int] = set()
        self._ledger = tally.Ledger()

    async def accept(self, request: Request) -> list[Accepted]:
        """Stores a request, all of it or nothing; returns once it is committed and in the log.

        Raises:
            DatabaseUnavailable: nothing was stored, unless the connection was lost in the moment of the commit.
            ClaimTaken: nothing was stored, because an earlier request has claimed one of its keys.
        """
        submission = _Submission(request)
        self._waiting.append(submission)
        self._idle.clear()
        self._wake.set()
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

    async def record(self, notifications: Sequence[Notification], carried: Carried) -> None:
        """Writes the positions of what was carried into its rows; returns once they are committed."""
        recorded = self._record(notifications, carried)
        self._commit_records()
        await recorded

    async def settled(self) -> None:
        """Returns once the rows of all that this process has answered so far hold their positions.

        When the database is away that can take long: it waits a second at the most.
        """
        if self._in_flight:
            self._commit_records()
            await asyncio.wait(list(self._in_flight), timeout=SETTLED_SECONDS)

    async def run(self) -> None:
        """Commits what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._committing = True
            while self._waiting or self._records_due:
                # In a context of its own: Tortoise keeps the open transaction there, and must not find an earlier one.
                commit = asyncio.create_task(self._commit(self._take_submissions(), self._take_records()))
                if not await commit:
                    await asyncio.sleep(RECORD_RETRY_SECONDS)
            self._committing = False
            self._rest()

    async def idle(self) -> None:
        """Returns once all that was accepted is committed, carried and recorded."""
        await self._idle.wait()

    def _record(self, notifications: Sequence[Notification], carried: Carried) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        record = _Record(notifications, carried, loop.create_future())
        if self._records_timer is None:
            self._records_timer = loop.call_later(RECORD_SECONDS, self._commit_records)
        self._records.append(record)
        self._idle.clear()
        return record.done

    def _commit_records(self) -> None:
        self._records_due = bool(self._records)
        if self._records_due:
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
        self._records_due = False
        if self._records_timer is not None:
            self._records_timer.cancel()
            self._records_timer = None
        return taken

    async def _commit(self, submissions: list[_Submission], records: list[_Record]) -> bool:
        """One transaction for all; False if positions could not be written because the database is away."""
        try:
            stored = await database.perform(self._store, submissions, records)
        except Exception as error:
            return await self._commit_failed(error, submissions, records)
        self._ledger = stored.ledger
        if len(self._known_customers) > KNOWN_CUSTOMERS_MAX:
            self._known_customers.clear()
        self._known_customers.update(stored.customers)
        for record in records:
            record.done.set_result(None)
        for submission in stored.taken:
            submission.fail(ClaimTaken())
        if stored.submissions:
            self._start_carrying(stored.submissions, stored.changes)
        return True

    async def _commit_failed(self, error: Exception, submissions: list[_Submission], records: list[_Record]) -> bool:
        self._records.extendleft(reversed(records))
        self._records_due |= bool(records)
        self._known_customers.clear()
        self._ledger = tally.Ledger()  # whether the last rows were written is not known
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

    def _store(self, submissions: Sequence[_Submission], records: Sequence[_Record]) -> Steps[_Stored]:
        recorded, taken = yield from together(
            _place(records), claims.write({each: each.request.claims for each in submissions})
        )
        stored = [submission for submission in submissions if submission not in taken]
        notifications = [notification for submission in stored for notification in submission.notifications]
        parties = [each for submission in stored for each in submission.request.parties]
        receivers = {channel.receiver_id(each.channel) for each in notifications}
        now = datetime.now(UTC)
        tallies = tally.of_recorded(recorded)
        for key, more in tally.of_accepted(notifications).items():
            tally.add_to(tallies, key, more)
        named = receivers.union(*(each.members for _, each in parties))
        unknown = [each for each in named - self._known_customers if each is not None]
        _, _, ledger = yield from together(
            customers.add(unknown), row.insert(notifications), self._ledger.add(tallies, tally.hour_of(now))
        )
        changes = (yield from orders.write(parties, now, self._newest())) if parties else []
        return _Stored(stored, taken, changes, unknown, ledger)

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
        carried: Carried | None = None
        try:
            if due or changes:
                carried = await self._carry(due, changes)
        except LogUnavailable as error:
            logger.warning("The log did not take a batch: %s", error, extra={"action": "carry_failed"})
        except Exception as error:  # a bug in carrying must not leave a durable request without an answer
            logger.exception("Carrying a batch failed.", extra={"action": "carry_failed"}, exc_info=error)
        positions = _positions(due, carried) if carried else {}
        timing = Timing(date_committed, datetime.now(UTC) if carried else None)
        for submission in submissions:
            submission.resolve(
                [
                    Accepted(each.uid, each.event, each.channel, positions.get(each.uid), each.date_sent, timing)
                    for each in submission.notifications
                ]
            )
        if carried is not None and due:
            await self._record(due, carried)


def _place(records: Sequence[_Record]) -> Steps[list[tally.Recorded]]:
    """Writes positions into rows; returns what is counted of those that had none."""
    by_run: dict[str, dict[str, int]] = {}
    for record in records:
        by_run.setdefault(record.carried.run, {}).update(_positions(record.notifications, record.carried))
    placed: dict[str, int] = {}
    for run, positions in by_run.items():
        for uid in (yield from row.place(run, positions)):
            placed[uid] = positions[uid]
    return [
        tally.Recorded(each.event, each.date_sent, each.release_at or each.date_sent, placed[each.uid], each.receivers)
        for each in {each.uid: each for record in records for each in record.notifications}.values()
        if each.uid in placed and each.copy_of is None and each.retracts is None
    ]


def _positions(notifications: Sequence[Notification], carried: Carried) -> dict[str, int]:
    return {each.uid: position for each, position in zip(notifications, carried.positions, strict=True)}
