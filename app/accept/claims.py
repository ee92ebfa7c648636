"""Claims: keys under which a request was accepted. The same key again gets the same notifications, and sends nothing.

A sender's `Idempotency-Key` is one; an order event's `(order_id, event, sequence)` is another, whoever reports it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from app import database
from app.models import IdempotencyKey
from app.steps import Statement, Steps

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


async def find(sender_id: str, keys: Collection[str]) -> dict[str, Claim]:
    """Those of these keys of a sender that are claimed."""
    found: dict[str, Claim] = {}
    ordered = sorted(keys)
    for start in range(0, len(ordered), ASK_MAX):
        query = IdempotencyKey.filter(sender_id=sender_id, key__in=ordered[start : start + ASK_MAX])
        for key, sha256, uids in await query.values_list("key", "body_sha256", "uids"):
            found[key] = Claim(sender_id, key, sha256, tuple(uids.split(",")))
    return found


def write(claimed: Mapping[Owner, Sequence[Claim]]) -> Steps[set[Owner]]:
    """Writes down the claims of several requests; returns those requests of which a key is another's already.

    Of these nothing is written down.
    """
    # Sorted, like all rows that several processes may write: else two could wait for each other.
    rows = sorted((claim, owner_at) for owner_at, claims in enumerate(claimed.values()) for claim in claims)
    if not rows:
        return set()
    now = database.timestamp_text(datetime.now(UTC))
    given = database.given(sender_id="text", key="text", body_sha256="text", uids="text", date_sent="timestamptz")
    written = yield Statement(
        "INSERT INTO idempotency_key (sender_id, key, body_sha256, uids, date_sent)"
        f" SELECT sender_id, key, body_sha256, uids, date_sent FROM {given} AS given WHERE TRUE"
        " ON CONFLICT (sender_id, key) DO NOTHING RETURNING sender_id, key, uids",
        [database.rows((*claim[:3], ",".join(claim.uids), now) for claim, _ in rows)],
        expected=[{"sender_id": each.sender_id, "key": each.key, "uids": ",".join(each.uids)} for each, _ in rows],
    )
    held = {(row["sender_id"], row["key"], row["uids"]) for row in written}
    # Of two requests with the same key in one transaction the first has it; they differ in their uids.
    is_held = [(claim.sender_id, claim.key, ",".join(claim.uids)) in held for claim, _ in rows]
    owners = list(claimed)
    taken = {owners[at] for (_, at), own in zip(rows, is_held, strict=True) if not own}
    given_back = [claim[:2] for (claim, at), own in zip(rows, is_held, strict=True) if own and owners[at] in taken]
    if given_back:
        yield Statement(
            "DELETE FROM idempotency_key WHERE (sender_id, key) IN"
            f" (SELECT sender_id, key FROM {database.given(sender_id='text', key='text')} AS given)",
            [database.rows(given_back)],
        )
    return taken
