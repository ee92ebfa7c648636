"""Claims: keys under which a request was accepted. The same key again gets the same notifications, and sends nothing.

A sender's `Idempotency-Key` is one; an order event's `(order_id, event, sequence)` is another, whoever reports it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from tortoise import BaseDBAsyncClient

from app import database
from app.models import IdempotencyKey

# Stands for a sender where the key is an order event's; no token's subject looks like this.
ORDER_EVENTS = "order-events"
# Of one query: SQLite takes up to 32,766 parameters.
ASK_MAX = 5_000

Owner = TypeVar("Owner", bound=Hashable)


class Claim(NamedTuple):
    """A key, and what it stands for.

    Attributes:
        sender_id: whose key it is: the `sub` of a sender's token, or `ORDER_EVENTS`.
        key: up to 255 characters.
        sha256: a digest of what was said under it.
        uids: the notifications that came of it.
    """

    sender_id: str
    key: str
    sha256: str
    uids: tuple[str, ...] = ()


async def find(sender_id: str, keys: Collection[str], connection: BaseDBAsyncClient | None = None) -> dict[str, Claim]:
    """Those of these keys of a sender that are claimed."""
    found: dict[str, Claim] = {}
    ordered = sorted(keys)
    for start in range(0, len(ordered), ASK_MAX):
        query = IdempotencyKey.filter(sender_id=sender_id, key__in=ordered[start : start + ASK_MAX])
        if connection is not None:
            query = query.using_db(connection)
        for key, sha256, uids in await query.values_list("key", "body_sha256", "uids"):
            found[key] = Claim(sender_id, key, sha256, tuple(uids.split(",")))
    return found


async def write(connection: BaseDBAsyncClient, claimed: Mapping[Owner, Sequence[Claim]]) -> set[Owner]:
    """Writes down the claims of several requests; returns those requests of which a key is another's already.

    Of these nothing is written down.
    """
    # Sorted, like all rows that several processes may write: else two could wait for each other.
    rows = sorted((claim, owner_at) for owner_at, claims in enumerate(claimed.values()) for claim in claims)
    if not rows:
        return set()
    now = database.timestamp_parameter(datetime.now(UTC))
    await connection.execute_many(
        "INSERT INTO idempotency_key (sender_id, key, body_sha256, uids, date_sent)"
        f" VALUES ({database.placeholders(5)}) ON CONFLICT (sender_id, key) DO NOTHING",
        [[claim.sender_id, claim.key, claim.sha256, ",".join(claim.uids), now] for claim, _ in rows],
    )
    keys: dict[str, set[str]] = {}
    for claim, _ in rows:
        keys.setdefault(claim.sender_id, set()).add(claim.key)
    held = {
        (sender_id, key): claim
        for sender_id, own in keys.items()
        for key, claim in (await find(sender_id, own, connection)).items()
    }
    owners = list(claimed)
    taken = {owners[at] for claim, at in rows if held[claim.sender_id, claim.key] != claim}
    first, second = database.placeholders(1), database.placeholders(1, start=2)
    given_back = [
        [claim.sender_id, claim.key]
        for claim, at in rows
        if owners[at] in taken and held[claim.sender_id, claim.key] == claim
    ]
    if given_back:
        statement = f"DELETE FROM idempotency_key WHERE sender_id = {first} AND key = {second}"
        await connection.execute_many(statement, given_back)
    return taken
