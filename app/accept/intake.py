"""The intake: a request, with what is known of its receivers, becomes notifications that are stored and carried."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app import database, row
from app.accept import claims, life, orders
from app.accept.catalogue import Catalogue
from app.accept.claims import ORDER_EVENTS, Claim
from app.accept.compose import check, compose, receivers_of, retraction
from app.accept.draft import Batch, Draft
from app.accept.known import Known
from app.accept.life import Loc, Told
from app.accept.order_event import OrderEvent, OrderEvents
from app.accept.outbox import Accepted, ClaimTaken, Outbox, Request
from app.accept.parties import Parties
from app.accept.receivers import Receivers
from app.auth import Identity
from app.errors import IdempotencyKeyReused, NotFound, NotYours, OrderEventReused, Refusal
from app.notification import Notification

# Events composed in one turn of the loop: some milliseconds' work, in which nothing is delivered.
TURN = 50
# What is released later than this from now is in nobody's hands yet: clocks of processes may be half a second apart.
IN_HAND = timedelta(seconds=1)
# How often, and how long apart, it is looked whether what is in hand has its position. In a row it has it within 50 ms.
SETTLE_TRIES = 6
SETTLE_SECONDS = 0.04


class _Item(NamedTuple):
    """An event, and its place in the request."""

    loc: Loc
    event: OrderEvent

    @property
    def name(self) -> str:
        """By its key; what has none is known by its place."""
        return self.event.key or str(self.loc)


class Intake:
    """Takes what senders say.

    Args:
        outbox: where it is stored.
        receivers: what is known of those who are named.
        catalogue: what there is to say of orders' events.
    """

    def __init__(self, outbox: Outbox, receivers: Receivers, catalogue: Catalogue) -> None:
        self._outbox = outbox
        self._receivers = receivers
        self._catalogue = catalogue

    async def notifications(self, body: Draft | Batch, sender: Identity, key: Claim | None) -> list[Accepted]:
        """Accepts notifications as their sender wrote them.

        Args:
            key: of the whole request; an earlier one with the same key is answered again, and nothing is sent.

        Raises:
            InvalidFields, TopicNotAllowed: see `compose.check`.
            IdempotencyKeyReused: the key was used with another body.
            DatabaseUnavailable: nothing was stored, unless the connection was lost in the moment of the commit.
        """
        while True:
            try:
                composed = await self.composed_notifications(body, sender)
            except Refusal:  # a repeat may come when what it says is not allowed, or possible, any more
                if (earlier := await self._earlier(key)) is not None:
                    return earlier
                raise
            uids = _shown_uids(composed)
            try:
                accepted = await self._outbox.accept(Request(composed, _claims(key, uids)))
            except ClaimTaken:
                if (earlier := await self._earlier(key)) is not None:
                    return earlier
                continue  # it was given back since
            if len(uids) == len(accepted):
                return accepted
            shown = set(uids)
            return [each for each in accepted if each.uid in shown]

    async def composed_notifications(self, body: Draft | Batch, sender: Identity) -> list[Notification]:
        """What `notifications` would store."""
        now = datetime.now(UTC)
        drafts = check(body, sender.covers, now)
        known = await self._known(
            [customer_id for draft in drafts for customer_id in receivers_of(draft)],
            [draft.topic for draft in drafts if draft.topic is not None],
        )
        return compose(drafts, sender.subject, known, now)

    async def order_events(self, body: OrderEvent | OrderEvents, sender: Identity, key: Claim | None) -> list[Accepted]:
        """Accepts what happened to orders, and tells those whom the catalogue says.

        Returns:
            The notifications of all events, in their order; of those reported before, what came of them then.

        Raises:
            InvalidFields: see `life.check`.
            OrderEventReused: an event was reported before, and said something else.
            IdempotencyKeyReused, DatabaseUnavailable: as for `notifications`.
        """
        events = _items(body)
        while True:
            earlier = await self._earlier(key)
            if earlier is not None:
                return earlier
            reported = await _reported(events)
            fresh = _fresh(events, reported)
            told, composed = await self._composed(fresh, sender)
            came_of = {key: claim.uids for key, claim in reported.items()}
            own_claims: list[Claim] = []
            for each, own in zip(fresh, composed, strict=True):
                came_of[each.name] = _shown_uids(own)
                if each.event.key is not None:
                    own_claims.append(Claim(ORDER_EVENTS, each.name, each.event.sha256, came_of[each.name]))
            stored = [notification for own in composed for notification in own]
            # In the order of the events, whenever they were first reported.
            uids = dict.fromkeys(uid for each in events for uid in came_of[each.name])
            parties = [(each.source.order_id or "", each.parties) for each in told if each.parties != Parties()]
            request = Request(stored, [*_claims(key, tuple(uids)), *own_claims], parties)
            try:
                accepted = await self._outbox.accept(request) if fresh or key is not None else []
            except ClaimTaken:
                continue
            if reported:
                # A process that was killed may have told nobody of who takes part; its sender comes again.
                with database.needed():
                    changes = await orders.present({each.event.order_id or "" for each in events})
                again = [uid for claim in reported.values() for uid in claim.uids]
                accepted += await self._outbox.accepted(again, changes)
            by_uid = {each.uid: each for each in accepted}
            return [by_uid[uid] for uid in uids if uid in by_uid]

    async def composed_order_events(self, body: OrderEvent | OrderEvents, sender: Identity) -> list[Notification]:
        """What `order_events` would store."""
        events = _items(body)
        _, composed = await self._composed(_fresh(events, await _reported(events)), sender)
        return [notification for own in composed for notification in own]

    async def retract(self, uid: str, sender: Identity) -> bool:
        """Takes a notification back; returns whether open pages learn of it now, else when the log is back.

        What is scheduled is never sent.

        Raises:
            NotFound: there is none with this uid.
            NotYours: another sender sent it.
            DatabaseUnavailable: nothing was stored, unless the connection was lost in the moment of the commit.
        """
        await self._outbox.settled()
        for _ in range(SETTLE_TRIES):
            not_taken_back = await self._not_taken_back(uid, sender)
            now = datetime.now(UTC)
            if all(each.position is not None or not _is_in_hand(each, now) for each in not_taken_back):
                break
            # Another process carried it, and is about to record it, which it can't when it is taken back: who repeats
            # the request would not be told the position.
            await asyncio.sleep(SETTLE_SECONDS)
        scheduled = {each.notification.uid: now for each in not_taken_back if not _is_in_hand(each, now)}
        if scheduled:
            with database.needed():
                await database.perform(row.retract, scheduled)
                # It may have come due meanwhile, or its receiver may have ended the quiet hours that held it.
                not_taken_back = list((await row.find([each.notification.uid for each in not_taken_back])).values())
        now = datetime.now(UTC)
        in_hand = [each.notification for each in not_taken_back if _is_in_hand(each, now)]
        if not in_hand:
            return True
        accepted = await self._outbox.accept(Request([retraction(each, now) for each in in_hand]))
        return all(each.position is not None for each in accepted)

    async def _not_taken_back(self, uid: str, sender: Identity) -> list[row.Found]:
        """A notification, and its copies for those in their quiet hours, as far as they stand.

        Raises:
            NotFound, NotYours, DatabaseUnavailable: see `retract`.
        """
        with database.needed():
            found = (await row.find([uid])).get(uid)
            if found is None or found.notification.retracts is not None:
                raise NotFound(f"notification {uid}")
            if found.notification.sender_id != sender.subject:
                raise NotYours(uid)
            copies = [each.copy_uid for each in found.notification.withheld if each.copy_uid is not None]
            return [each for each in [found, *(await row.find(copies)).values()] if each.date_retracted is None]

    async def _composed(self, fresh: Sequence[_Item], sender: Identity) -> tuple[list[Told], list[list[Notification]]]:
        now = datetime.now(UTC)
        with database.needed():
            known_orders = await orders.find({each.event.order_id for each in fresh if each.event.order_id is not None})
        told = life.check(fresh, self._catalogue, known_orders, sender.covers, now)
        known = await self._known(
            [each.customer_id for each in told if each.customer_id is not None],
            [each.topic for each in told if each.customer_id is None],
        )
        composed: list[list[Notification]] = []
        for at, each in enumerate(told):
            if at % TURN == TURN - 1:
                await asyncio.sleep(0)
            composed.append(life.compose(each, fresh[at].loc, self._catalogue, sender.subject, known, now))
        return told, composed

    async def _known(self, customer_ids: Iterable[int], topics: Iterable[str]) -> Known:
        with database.needed():
            preferences = await self._receivers.preferences(set(customer_ids))
            return Known(preferences, await self._receivers.audiences(set(topics)))

    async def _earlier(self, key: Claim | None) -> list[Accepted] | None:
        """What an earlier request with the same key was answered."""
        if key is None:
            return None
        with database.needed():
            found = (await claims.find(key.sender_id, [key.key])).get(key.key)
        if found is None:
            return None
        if found.sha256 != key.sha256:
            raise IdempotencyKeyReused(key.key)
        return await self._outbox.accepted(found.uids)


def _is_in_hand(found: row.Found, now: datetime) -> bool:
    """Whether it is carried, or may be on its way to the log."""
    release_at = found.notification.release_at
    return found.position is not None or release_at is None or release_at <= now + IN_HAND


def _items(body: OrderEvent | OrderEvents) -> list[_Item]:
    if isinstance(body, OrderEvent):
        return [_Item([], body)]
    return [_Item(["events", index], event) for index, event in enumerate(body.events)]


async def _reported(events: Sequence[_Item]) -> dict[str, Claim]:
    """The claims of those events that were reported before."""
    with database.needed():
        found = await claims.find(ORDER_EVENTS, {each.event.key for each in events if each.event.key is not None})
    for loc, event in events:
        claim = found.get(event.key or "")
        if claim is not None and claim.sha256 != event.sha256:
            raise OrderEventReused(claim.key, [*loc, "sequence"])
    return found


def _fresh(events: Sequence[_Item], reported: dict[str, Claim]) -> list[_Item]:
    """Those events that were not reported before, each once."""
    said: dict[str, str] = {}
    fresh: list[_Item] = []
    for each in events:
        key = each.event.key
        if key is None:
            fresh.append(each)
        elif key in said:
            if said[key] != each.event.sha256:
                raise OrderEventReused(key, [*each.loc, "sequence"])
        elif key not in reported:
            said[key] = each.event.sha256
            fresh.append(each)
    return fresh


def _claims(key: Claim | None, uids: tuple[str, ...]) -> list[Claim]:
    return [] if key is None else [key._replace(uids=uids)]


def _shown_uids(composed: Sequence[Notification]) -> tuple[str, ...]:
    """What the sender is told of: copies for those in their quiet hours are the service's own business."""
    return tuple(each.uid for each in composed if each.copy_of is None)
